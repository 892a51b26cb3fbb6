"""Base tiles under the map, only where a plan asks for them."""

from __future__ import annotations

import html

import folium

from walkcover.plan import MapOptions
from walkcover.tile_sources import TIANDITU, TIANDITU_MAX_ZOOM, tile_addresses, tile_host

XYZ_MAX_ZOOM = 19
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
    addresses = tile_addresses(options.tiles, options.tiles_key)
    if not addresses:
        return []
    native = TIANDITU_MAX_ZOOM if options.tiles == TIANDITU else XYZ_MAX_ZOOM
    group = folium.FeatureGroup(name=label, overlay=True)
    for address in addresses:
        layer = folium.TileLayer(
            tiles=address,
            attr=html.escape(options.tiles_credit or TIANDITU_CREDIT),
            control=False,
            max_zoom=max_zoom,
            max_native_zoom=native,
            opacity=OPACITY,
        )
        group.add_child(layer)
    return [group]


def tile_hosts(options: MapOptions) -> tuple[str, ...]:
    """
    Name the hosts that a page may ask for pictures.

    Examples
    --------
    >>> tile_hosts(MapOptions(tiles="tianditu", tiles_key="0a1b2c"))
    ('https://t0.tianditu.gov.cn',)
    """
    addresses = tile_addresses(options.tiles, options.tiles_key)
    return tuple(dict.fromkeys(tile_host(one) for one in addresses))
