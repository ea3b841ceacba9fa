"""The text format: what the client library's parser, another's work, makes of it is what was meant."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from patience import looked
from prometheus_client.parser import text_string_to_metric_families as parsed

from amiguard.metrics.exposition import Family, Sample, text

names = st.from_regex("[a-z]{1,5}", fullmatch=True)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def test_a_family_has_its_help_its_kind_and_its_samples() -> None:
    family = Family(
        "friends", "gauge", "Who logged in.\nBack\\slash.", [Sample(3), Sample(0.5, {"a": 'q"\n\\'})]
    )
    assert (
        "# HELP amiguard_friends Who logged in.\\nBack\\\\slash.\n"
        "# TYPE amiguard_friends gauge\n"
        "amiguard_friends 3\n"
        'amiguard_friends{a="q\\"\\n\\\\"} 0.5\n'
    ) == text([family])


@given(
    value=st.floats(allow_nan=False),
    labels=st.dictionaries(st.from_regex("[a-z]{1,5}", fullmatch=True), words),
)
@looked(200)
def test_every_value_and_every_label_comes_out_as_it_went_in(value: float, labels: dict[str, str]) -> None:
    [family] = parsed(text([Family("some", "gauge", "x", [Sample(value, labels)])]))
    [sample] = family.samples
    assert ("amiguard_some", labels) == (sample.name, sample.labels)
    assert value == sample.value or math.isclose(value, sample.value, rel_tol=1e-15)
