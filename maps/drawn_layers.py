"""The folium layers of the map: each carries plain data, which the page's own script draws."""

from __future__ import annotations

from typing import Any, ClassVar

from folium.map import Layer
from folium.template import Template

# The scripts that draw, in the order in which a page holds them.
DRAWING = ("walkcover.js", "streets.js", "residences.js", "outlines.js", "sites.js")


class DrawnLayer(Layer):
    """
    A folium layer that the page's own script draws from its data.

    Like any layer of folium it is added to a map and listed by its layer control; the data go
    into the page once, under the key, and not into the layer's own script.

    Parameters
    ----------
    key
        Where the layer's data stand in the page; each layer of a page has its own.
    data
        What the script draws, as a function of `walkcover.maps.layers` gives it.
    label
        Name in the layer control, as HTML.
    show
        Whether the layer is shown on opening.
    """

    # Function of the page's script that makes the layer.
    function: ClassVar[str]
    _template = Template(
        """
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = walkcover.{{ this.function }}(
                {{ this.key | tojson }}, {{ this._parent.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(self, key: str, data: Any, *, label: str, show: bool = True) -> None:
        super().__init__(name=label, overlay=True, show=show)
        self._name = type(self).__name__
        self.key = key
        self.data = data


class PackedPoints(DrawnLayer):
    """
    Residences on canvas tiles, half a million and more, the worst class on top.

    The data are packed columns, as `walkcover.maps.residences.residence_data` writes them:
    positions of half a metre in the order of cells, which the page also takes as an index for
    clicks.

    Examples
    --------
    >>> import folium
    >>> page = folium.Map(location=[37.87, 112.55], tiles=None)
    >>> residences = PackedPoints("residences", {}, label="Residences").add_to(page)
    >>> residences.layer_name, residences.get_name() in page.get_root().render()
    ('Residences', True)
    """

    function = "points"


class PackedLines(DrawnLayer):
    """
    Streets on canvas tiles, in three kinds with their names.

    The data are packed columns, as `walkcover.maps.streets.street_data` writes them.

    Examples
    --------
    >>> import folium
    >>> page = folium.Map(location=[37.87, 112.55], tiles=None)
    >>> streets = PackedLines("streets", {}, label="Streets", show=False).add_to(page)
    >>> folium.LayerControl().add_to(page).get_name() in page.get_root().render()
    True
    """

    function = "streets"


class Water(DrawnLayer):
    """
    Water on canvas tiles beneath the streets, as background.

    The data are packed columns, as `walkcover.maps.water.water_data` writes them: canvas, because
    a city has a thousand ponds, each of which would be an element of the page as GeoJSON.

    Examples
    --------
    >>> import folium
    >>> page = folium.Map(location=[37.87, 112.55], tiles=None)
    >>> Water("water", {}, label="Water").add_to(page).get_name() in page.get_root().render()
    True
    """

    function = "water"


class Areas(DrawnLayer):
    """A few outlines with what is said of them, as gap areas and walking bands."""

    function = "areas"


class Zones(DrawnLayer):
    """Zones with their labels."""

    function = "zones"


class Sites(DrawnLayer):
    """Sites as signs, told apart by shape."""

    function = "sites"


class Places(DrawnLayer):
    """Schools, offices and other places with people of their own, by who serves them."""

    function = "places"


class Loads(DrawnLayer):
    """No signs of its own: while it is shown, those of the sites take the colour of their load."""

    function = "loads"


class Rounds(DrawnLayer):
    """Stops and drives of roving teams."""

    function = "rounds"


class Relay(DrawnLayer):
    """The way of the tubes to laboratories."""

    function = "relay"
