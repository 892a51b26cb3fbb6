"""Base tiles under the map, only where a plan asks for them."""

from __future__ import annotations

import html

import folium

from walkcover.plan import MapOptions

# Tianditu has no closer tiles, nor have most others.
CLOSEST_TILES = 18
TIANDITU_CREDIT = "天地图"
# Quiet enough for dots in any of the map's colours.
OPACITY = 0.55


def base_tiles(options: MapOptions, *, label: str, max_zoom: int) -> list[folium.FeatureGroup]:
    """
    Make the layer of base tiles that a plan asks for.

    Parameters
    ----------
    options
        Section ``[map]`` of a checked plan.
    label
        Name in the layer control, as HTML.
    max_zoom
        Closest zoom of the map; where the server has no such tiles, coarser ones are enlarged.

    Returns
    -------
    layers
        One group of tile layers, or none.

    Examples
    --------
    >>> base_tiles(MapOptions(), label="Base map", max_zoom=19)
    []
    >>> asked = MapOptions(tiles="https://tiles.example/{z}/{x}/{y}.png", tiles_credit="City")
    >>> [group.layer_name for group in base_tiles(asked, label="Base map", max_zoom=19)]
    ['Base map']
    """
    if not options.addresses:
        return []
    group = folium.FeatureGroup(name=label, overlay=True)
    for address in options.addresses:
        layer = folium.TileLayer(
            tiles=address,
            attr=html.escape(options.tiles_credit or TIANDITU_CREDIT),
            control=False,
            max_zoom=max_zoom,
            max_native_zoom=min(CLOSEST_TILES, max_zoom),
            opacity=OPACITY,
        )
        group.add_child(layer)
    return [group]
