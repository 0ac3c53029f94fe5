"""A delivery of pixels that a test chose, from a master that it wrote."""

import hashlib

from restoration.config.settings import DeliverSettings, IngestSettings
from restoration.deliver.deliver_scan import Delivery, PageToDeliver, deliver_scan
from restoration.ingest.inspect_master import inspect_master
from restoration.raster.tiff.page import open_page
from restoration.raster.tiff.write_intermediate import write_intermediate
from restoration.records.ingest import Master

LIMITS = IngestSettings.model_validate({})


DELIVERY = Delivery("box-12", "archive", "ab" * 32, "2026-01-02T03:04:05Z", "workflow 0.1")


def hand_over(tmp_path, master, pages=None, delivery=DELIVERY, **settings):
    ingest = Master.read(inspect_master(master, LIMITS), master)
    pages = pages or [PageToDeliver(n + 1, None, None) for n in range(len(ingest.pages))]
    output = tmp_path / "out" / "scan.tif"
    output.parent.mkdir(exist_ok=True)
    record = deliver_scan(
        delivery, master=master, ingest=ingest, pages=pages,
        settings=DeliverSettings.model_validate(settings), output=output,
    ).raw()  # fmt: skip
    assert record["sha256"] == hashlib.sha256(output.read_bytes()).hexdigest()
    assert list(output.parent.iterdir()) == [output]
    return output, record


def all_codes(path, number=1):
    with open_page(path, number) as page:
        return page.read_codes(0, 0, page.height, page.width)


def result_of(tmp_path, pixels, name="result.tif", ppi=(2400.0, 2400.0)):
    height, width, channels = pixels.shape
    path = tmp_path / name
    write_intermediate(
        path, iter([pixels]), height=height, width=width, channels=channels, ppi=ppi, profile=None
    )
    return path
