"""One order of boxes and places wherever a person reads or writes them: left before top."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from restoration.config.regions import FaceRegions
from restoration.faces.page_faces import known_faces
from restoration.findings.faces import FacePlaces
from restoration.raster.area import Rectangle
from restoration.raster.boxes import places_rows_first, rows_first, stated
from restoration.storage.records import READABLE, SCHEMA, read_raw, write_raw
from support.fake_faces import face_on_page, page_of, picture, stage_with, stripes


def test_a_box_as_stated_and_rows_first_are_each_others_inverse() -> None:
    assert stated((1, 2, 3, 4)) == (2, 1, 4, 3)
    assert rows_first(stated((1, 2, 3, 4))) == (1, 2, 3, 4)
    assert places_rows_first([[5.0, 6.0]]) == [(6.0, 5.0)]


def test_a_box_copied_from_a_record_into_a_file_of_regions_marks_that_face() -> None:
    stage, _ = stage_with(stripes)
    face = face_on_page(300, 700, 40.0, (560.0, 120.0))
    result = stage.apply(page_of(picture(300, 700), face))
    (told,) = result.findings["faces"]
    left, top, width, height = told["box"]
    assert (left + width / 2, top + height / 2) == (560.0, 120.0)
    regions = FaceRegions.model_validate({"include": [{"box": told["box"]}]})
    seen = face.found.model_copy(update={"box": tuple(told["box"])})

    def holds(shape: object, place: np.ndarray) -> bool:
        box = Rectangle(*shape.box)  # type: ignore[attr-defined]
        return bool(box.holds(place[1:], place[:1])[0, 0])

    (known,) = known_faces(FacePlaces(faces=(seen,)), regions, 1, holds)
    assert known.marked
    assert known.box == tuple(told["box"])


def test_a_record_of_the_other_order_is_not_misread(tmp_path: Path) -> None:
    """Whatever `rerun_on` says: it counts as missing, and the step is done again."""
    path = tmp_path / "scan.json"
    write_raw(path, {"schema": SCHEMA, "key": "k"})
    assert read_raw(path) is not None
    write_raw(path, {"schema": 1, "key": "k"})
    assert read_raw(path) is None
    # A correction of colours can be taken back from an older record all the same.
    assert read_raw(path, READABLE) is not None
