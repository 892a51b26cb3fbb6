"""Regions part the plane, and hold no more residences than asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from walkcover import WalkCoverError
from walkcover.regions import part_regions

places = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 60), st.just(2)),
    elements=st.integers(-20, 20).map(float),
)


@given(places, st.integers(1, 20))
def test_every_point_lies_in_the_box_of_its_region(xy, most):
    regions = part_regions(xy, most=most)
    box = regions.box[regions.of(xy)]
    assert ((box[:, :2] <= xy) & (xy <= box[:, 2:])).all()


@given(places, st.integers(1, 20))
def test_regions_are_as_small_as_asked_unless_their_points_are_one_place(xy, most):
    regions = part_regions(xy, most=most)
    for region, count in enumerate(np.bincount(regions.of(xy), minlength=regions.n)):
        assert count > 0
        assert count <= most or len(np.unique(xy[regions.of(xy) == region], axis=0)) == 1


@given(places, st.integers(1, 20), st.randoms(use_true_random=False))
def test_the_order_of_the_points_changes_nothing(xy, most, random):
    order = np.array(random.sample(range(len(xy)), len(xy)))
    one, other = part_regions(xy, most=most), part_regions(xy[order], most=most)
    assert np.array_equal(one.box, other.box)
    assert np.array_equal(one.of(xy)[order], other.of(xy[order]))


@given(places, st.integers(1, 20))
def test_boxes_fill_the_area_once(xy, most):
    box = part_regions(xy, most=most, margin_m=3.0).box
    area = np.prod(box[:, 2:] - box[:, :2], axis=1).sum()
    assert area == pytest.approx(np.prod(np.ptp(xy, axis=0) + 6.0))


def test_what_lies_outside_belongs_to_the_region_beside_it():
    regions = part_regions(np.array([[0.0, 0.0], [10.0, 0.0]]), most=1)
    assert regions.of(np.array([[-99.0, 5.0], [99.0, -5.0]])).tolist() == [0, 1]


@pytest.mark.parametrize(("xy", "most"), [(np.empty((0, 2)), 5), (np.zeros((3, 2)), 0)])
def test_nothing_to_part_is_refused(xy, most):
    with pytest.raises(WalkCoverError, match="expected 1 or more"):
        part_regions(xy, most=most)
