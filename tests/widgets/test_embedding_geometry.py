"""Geometry of embeddings: principal axes, cosines, nearest rows, random groups."""

import numpy as np
import pytest

from microgpt.widgets.embedding_geometry import (
    cosines,
    group_cosine,
    nearest_rows,
    principal_axes,
)

TABLE = np.random.default_rng(1).normal(size=(12, 5))


def test_the_two_axes_keep_as_much_as_the_two_largest_singular_values():
    values = np.linalg.svd(TABLE - TABLE.mean(axis=0), compute_uv=False) ** 2
    projection = principal_axes(TABLE)
    assert projection.variance_kept(TABLE) == pytest.approx(values[:2].sum() / values.sum())
    assert projection.axes @ projection.axes.T == pytest.approx(np.eye(2))
    assert (projection.coordinates(np.zeros((1, 5))) == 0).all()
    centred = projection.coordinates(TABLE) - projection.coordinates(TABLE.mean(axis=0))
    assert (centred**2).sum() == pytest.approx(values[:2].sum())


def test_the_signs_of_the_axes_do_not_depend_on_the_decomposition():
    first, second = principal_axes(TABLE).axes, principal_axes(TABLE[::-1]).axes
    assert first == pytest.approx(second)


def test_a_table_with_two_columns_is_its_own_map():
    table = TABLE[:, :2]
    projection = principal_axes(table)
    assert (projection.coordinates(table) == table).all()
    assert projection.variance_kept(table) == pytest.approx(1)


def test_rows_that_are_all_equal_lose_nothing():
    assert principal_axes(TABLE).variance_kept(np.ones((4, 5))) == 1


def test_cosines():
    table = np.array([[2.0, 0], [0, 3], [1, 1], [-4, 0], [0, 0]])
    half = 0.5**0.5
    assert cosines(table)[0] == pytest.approx([1, 0, half, -1, 0])


def test_nearest_rows_are_those_of_a_plain_ranking():
    for row in range(12):
        ranking = sorted(
            (
                (-(TABLE[row] @ other) / np.linalg.norm(TABLE[row]) / np.linalg.norm(other), i)
                for i, other in enumerate(TABLE)
                if i != row
            ),
        )[:5]
        nearest = nearest_rows(TABLE, row, 5)
        assert [i for i, _ in nearest] == [i for _, i in ranking]
        assert [value for _, value in nearest] == pytest.approx([-value for value, _ in ranking])


def test_a_group_is_compared_with_random_groups_of_its_size():
    rows = list(range(12))
    found = group_cosine(TABLE, [0, 1, 2], rows)
    values = cosines(TABLE)
    assert found.mean == pytest.approx((values[0, 1] + values[0, 2] + values[1, 2]) / 3)
    rng = np.random.default_rng(5)
    means = []
    for _ in range(4000):
        a, b, c = rng.choice(12, 3, replace=False)
        means.append((values[a, b] + values[a, c] + values[b, c]) / 3)
    assert (found.low, found.high) == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=0.05)
    assert found.is_outside == (not found.low <= found.mean <= found.high)


def test_a_group_of_equal_rows_is_outside_the_band_and_its_band_leaves_other_rows_out():
    table = TABLE.copy()
    table[:3] = table[0]
    assert group_cosine(table, [0, 1, 2], list(range(12))).is_outside
    assert not group_cosine(table, [0, 1, 2], [0, 1, 2]).is_outside
