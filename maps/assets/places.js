"use strict";
/* Schools, offices and other places, by who serves them. */
walkcover.places = function (key) {
  const daily = walkcover.daily;
  const signs = daily.signs(walkcover.unpackJson(walkcover.data[key].signs), "map_find_place", function (place) {
    return {
      shape: "place", width: 16, className: "place " + place.kind, said: "map_sign_place",
      card: function (title) {
        return walkcover.card(title(), place.rows.concat(place.stop >= 0 ? daily.stopRows(place.stop, true) : []));
      },
    };
  });
  return daily.layer(key, L.featureGroup(signs.map(function (one) { return one.marker; })));
};
