"""The deliverable's XMP keeps what the master said, and says what was done and by what."""

from __future__ import annotations

import dataclasses
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restoration.deliver.xmp.packet import (
    Provenance,
    StageEvent,
    build_packet,
    read_properties,
)
from restoration.deliver.xmp.reading import MASTER_LIMITS, UnreadableXmpError

WHEN = "2026-03-04T05:06:07Z"
TERMS = "http://cv.iptc.org/newscodes/digitalsourcetype/"
NETWORK = ("RealESRGAN_x4plus", "4fa0d38905f75ac06eb49a7951b426670021be3018265fd191d2125df9d682f1")
NAMESPACES = (
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
    'xmlns:exif="http://ns.adobe.com/exif/1.0/" '
    'xmlns:evt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#" '
    'xmlns:stRef="http://ns.adobe.com/xap/1.0/sType/ResourceRef#" '
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'xmlns:inv="http://archive.example/inventory#"'
)
IDS = (
    "<xmpMM:DocumentID>xmp.did:master</xmpMM:DocumentID>"
    "<xmpMM:InstanceID>xmp.iid:master</xmpMM:InstanceID>"
)


def packet(body: str, attributes: str = "") -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF {NAMESPACES}><rdf:Description rdf:about="" {attributes}>{body}'
        '</rdf:Description></rdf:RDF></x:xmpmeta>   \n<?xpacket end="w"?>'
    ).encode()


def event(stage: str, **changes: Any) -> StageEvent:
    plain = StageEvent(stage, "filtered", WHEN, True, None, '{"radius":2}', False, (), "k-" + stage)
    return dataclasses.replace(plain, **changes)


def declined(stage: str, reason: str | None = "no screen found") -> StageEvent:
    return event(stage, applied=False, reason=reason)


def upscaled(name: str = NETWORK[0], sha256: str = NETWORK[1]) -> StageEvent:
    networks = ((name, sha256, "BSD-3-Clause"),)
    return event("upscale", action="resized", generative=True, networks=networks)


def provenance(*events: StageEvent, **changes: Any) -> Provenance:
    plain = Provenance(
        key="key of the deliverable",
        master_sha256="a" * 64,
        master_name="box-07_0012.tif",
        scan="box-07_0012",
        recipe="archive",
        when=WHEN,
        software="archival-scan-restoration 0.1.0",
        events=events,
    )
    return dataclasses.replace(plain, **changes)


def built(master: bytes | None, *events: StageEvent, **changes: Any) -> dict[str, Any]:
    data, warnings = build_packet(master, provenance(*events, **changes), tiff={})
    assert warnings == []
    return read_properties(data)


def test_a_packet_without_a_master_says_where_the_file_comes_from() -> None:
    found = built(None, event("denoise"), declined("descreen"))
    assert found["DocumentID"].startswith("xmp.did:")
    assert found["InstanceID"].startswith("xmp.iid:")
    assert found["OriginalDocumentID"] is None
    assert found["DerivedFrom"] == {"filePath": "box-07_0012.tif"}
    assert (found["MasterSHA256"], found["Recipe"], found["Scan"]) == (
        "a" * 64,
        "archive",
        "box-07_0012",
    )
    assert (found["MetadataDate"], found["ModifyDate"]) == (WHEN, WHEN)
    assert found["CreatorTool"] is None


def test_the_wrapper_is_that_of_a_read_only_packet() -> None:
    data, _ = build_packet(None, provenance(), tiff={})
    text = data.decode("utf-8")
    assert text.startswith('<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>')
    assert text.endswith('<?xpacket end="r"?>')


def test_the_masters_ids_become_those_of_the_source() -> None:
    found = built(packet(IDS), master_name=r"Z:\vault\box 7\0012.tif")
    assert found["OriginalDocumentID"] == "xmp.did:master"
    assert found["DerivedFrom"] == {
        "documentID": "xmp.did:master",
        "instanceID": "xmp.iid:master",
        "filePath": "0012.tif",
    }
    assert "master" not in found["DocumentID"] + found["InstanceID"]


def test_a_path_of_the_master_is_never_published() -> None:
    found = built(None, master_name="/srv/vault/box/0012.tif")
    assert found["DerivedFrom"]["filePath"] == "0012.tif"


def test_an_original_document_id_stays() -> None:
    own = "<xmpMM:OriginalDocumentID>xmp.did:first</xmpMM:OriginalDocumentID>"
    assert built(packet(IDS + own))["OriginalDocumentID"] == "xmp.did:first"


def test_ids_follow_the_key_alone() -> None:
    first, second = built(None), built(None, when="2030-01-01T00:00:00Z")
    other = built(None, key="another")
    for name in ("DocumentID", "InstanceID"):
        assert first[name] == second[name] != other[name]


def test_what_the_master_was_derived_from_is_kept_aside() -> None:
    body = (
        '<xmpMM:DerivedFrom rdf:parseType="Resource"><stRef:documentID>xmp.did:raw'
        "</stRef:documentID></xmpMM:DerivedFrom>"
    )
    found = built(packet(IDS + body))
    assert found["DerivedFrom"]["documentID"] == "xmp.did:master"
    assert found["properties"]["restoration:MasterDerivedFrom"] == {"documentID": "xmp.did:raw"}


@pytest.mark.parametrize(
    ("about", "instance"),
    [
        ("uuid:0d2e", "uuid:0d2e"),
        ("uuid:faf5bdd5-ba3d-11da-ad31-d33d75182f1b", None),  # the one in every file of Windows
    ],
)
def test_an_early_instance_id_is_found_in_rdf_about(about: str, instance: str | None) -> None:
    master = packet("").replace(b'rdf:about=""', f'rdf:about="{about}"'.encode())
    assert built(master)["DerivedFrom"].get("instanceID") == instance


def test_history_lists_the_applied_stages_in_order_and_the_saving() -> None:
    found = built(None, event("repair"), declined("descreen"), upscaled())
    history = found["History"]
    assert [entry["action"] for entry in history] == ["filtered", "resized", "saved"]
    assert all(entry["when"] == WHEN and entry["changed"] == "/" for entry in history)
    assert {entry["softwareAgent"] for entry in history} == {"archival-scan-restoration 0.1.0"}
    assert history[0]["parameters"] == '{"radius":2}'
    assert history[-1]["instanceID"] == found["InstanceID"]
    assert len({entry["instanceID"] for entry in history}) == 3


def test_a_saving_that_is_handed_in_is_not_doubled() -> None:
    saved = event("deliver", action="saved", parameters='{"bits":16}', when="2026-05-05")
    found = built(None, saved)
    (entry,) = found["History"]
    assert (entry["parameters"], entry["when"]) == ('{"bits":16}', "2026-05-05")
    assert entry["instanceID"] == found["InstanceID"]
    assert found["DigitalSourceType"] is None, "saving alone enhances nothing"


def test_the_masters_history_is_continued_whatever_its_form() -> None:
    body = (
        '<xmpMM:History><rdf:Seq><rdf:li evt:action="created" evt:when="2019"/>'
        '<rdf:li rdf:parseType="Resource"><evt:action>saved</evt:action></rdf:li>'
        "<rdf:li><rdf:Description><evt:action>edited</evt:action></rdf:Description></rdf:li>"
        "</rdf:Seq></xmpMM:History>"
    )
    history = built(packet(body), event("denoise"))["History"]
    assert [entry["action"] for entry in history] == [
        "created",
        "saved",
        "edited",
        "filtered",
        "saved",
    ]
    assert history[0] == {"action": "created", "when": "2019"}


def test_a_history_that_is_no_array_stands_aside() -> None:
    found = built(packet("<xmpMM:History>scanned by M.</xmpMM:History>"))
    assert [entry["action"] for entry in found["History"]] == ["saved"]
    assert found["properties"]["restoration:MasterHistory"] == "scanned by M."


def test_declined_stages_are_listed_with_their_reasons() -> None:
    found = built(None, declined("descreen"), declined("faces", None))
    assert found["NotApplied"] == [
        {"stage": "descreen", "reason": "no screen found"},
        {"stage": "faces"},
    ]


PRINT = f"<Iptc4xmpExt:DigitalSourceType>{TERMS}print</Iptc4xmpExt:DigitalSourceType>"
GENERATED = PRINT.replace("print", "compositeWithTrainedAlgorithmicMedia")


@pytest.mark.parametrize(
    ("own", "events", "expected"),
    [
        ("", (), None),
        (PRINT, (), "print"),
        (PRINT, (declined("denoise"),), "print"),
        (PRINT, (event("denoise"),), "algorithmicallyEnhanced"),
        ("", (event("denoise"), upscaled()), "compositeWithTrainedAlgorithmicMedia"),
        (PRINT, (upscaled(),), "compositeWithTrainedAlgorithmicMedia"),
        # A deliverable restored again, gently: the network's part in it is not taken back.
        (GENERATED, (event("denoise"),), "compositeWithTrainedAlgorithmicMedia"),
    ],
)
def test_digital_source_type(
    own: str, events: tuple[StageEvent, ...], expected: str | None
) -> None:
    found = built(packet(own), *events)
    assert found["DigitalSourceType"] == (TERMS + expected if expected else None)
    own_term = f"{TERMS}print" if own == PRINT else None
    if own != GENERATED:
        assert found["MasterDigitalSourceType"] == own_term


def test_a_source_type_given_as_a_resource_counts_as_well() -> None:
    found = built(packet(f'<Iptc4xmpExt:DigitalSourceType rdf:resource="{TERMS}negativeFilm"/>'))
    assert found["MasterDigitalSourceType"] == f"{TERMS}negativeFilm"


def test_generative_networks_are_named() -> None:
    quiet = event("denoise", networks=(("scunet", "b" * 64, "Apache-2.0"),))
    found = built(None, quiet, upscaled(), declined("faces"))
    assert found["AISystemUsed"] == NETWORK[0]
    assert found["AISystemVersionUsed"] == f"{NETWORK[0]} sha256:{NETWORK[1]}"
    assert found["Networks"] == [
        {"name": NETWORK[0], "sha256": NETWORK[1], "licence": "BSD-3-Clause"},
        {"name": "scunet", "sha256": "b" * 64, "licence": "Apache-2.0"},
    ]


def test_nothing_generative_names_no_ai_system() -> None:
    networks = (("scunet", "b" * 64, "Apache-2.0"),)
    declined_network = declined("upscale")
    found = built(None, event("denoise", networks=networks), declined_network)
    assert (found["AISystemUsed"], found["AISystemVersionUsed"]) == (None, None)
    assert [network["name"] for network in found["Networks"]] == ["scunet"]


def test_a_generative_stage_without_a_network_is_warned_about() -> None:
    _, warnings = build_packet(None, provenance(event("faces", generative=True)), tiff={})
    assert warnings == ["XMP: the generative stage faces names no network"]


def test_a_deliverable_restored_again_keeps_its_earlier_provenance() -> None:
    first, _ = build_packet(packet(IDS + PRINT), provenance(upscaled(), declined("faces")), tiff={})
    second, _ = build_packet(first, provenance(event("denoise"), key="2", recipe="print"), tiff={})
    third, warnings = build_packet(second, provenance(upscaled("other", "c" * 64)), tiff={})
    assert warnings == []
    before, again, last = map(read_properties, (first, second, third))
    assert again["OriginalDocumentID"] == "xmp.did:master"
    assert again["DerivedFrom"]["documentID"] == before["DocumentID"]
    assert [e["action"] for e in again["History"]] == ["resized", "saved", "filtered", "saved"]
    (earlier,) = again["properties"]["restoration:Earlier"]
    assert earlier["Recipe"] == "archive"
    assert earlier["NotApplied"] == before["NotApplied"]
    assert earlier["MasterDigitalSourceType"] == f"{TERMS}print"
    assert again["AISystemUsed"] == NETWORK[0]
    assert last["AISystemUsed"] == f"{NETWORK[0]}; other"
    recipes = [entry["Recipe"] for entry in last["properties"]["restoration:Earlier"]]
    assert recipes == ["archive", "print"]


def test_the_masters_own_properties_survive_in_every_form() -> None:
    body = (
        '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Port</rdf:li>'
        '<rdf:li xml:lang="de">Häfen &amp; &lt;Kräne&gt;</rdf:li></rdf:Alt></dc:title>'
        "<dc:subject><rdf:Bag><rdf:li>harbour</rdf:li><rdf:li> two </rdf:li></rdf:Bag></dc:subject>"
        '<inv:shelf rdf:parseType="Resource"><inv:room>3</inv:room><inv:box inv:colour="grey">'
        "<rdf:Description><inv:number>7</inv:number></rdf:Description></inv:box></inv:shelf>"
        '<inv:donor inv:name="A. Weber" inv:year="1961"/>'
        '<inv:note rdf:parseType="Resource"><rdf:value>torn</rdf:value>'
        "<inv:by>M.</inv:by></inv:note>"
        '<inv:page rdf:resource="http://archive.example/7"/>'
    )
    found = built(packet(body, 'inv:signature="HS 12/7" xmp:CreatorTool="ScanSuite 4"'))
    assert found["CreatorTool"] == "ScanSuite 4"
    kept = found["properties"]
    assert kept["dc:title"] == {"x-default": "Port", "de": "Häfen & <Kräne>"}
    assert kept["dc:subject"] == ["harbour", " two "]
    assert kept["inv:shelf"]["room"] == "3"
    assert kept["inv:shelf"]["box"]["number"] == "7"
    assert kept["inv:donor"] == {"name": "A. Weber", "year": "1961"}
    assert kept["inv:note"] == "torn"
    assert kept["inv:page"] == "http://archive.example/7"
    assert kept["inv:signature"] == "HS 12/7"


def test_the_markup_below_a_property_stays_as_it_was() -> None:
    body = (
        '<inv:box inv:colour="grey"><rdf:Description><inv:n xml:lang="fr">7</inv:n>'
        '</rdf:Description></inv:box><inv:raw rdf:parseType="Literal">a <b>c</b> d</inv:raw>'
        '<inv:note rdf:parseType="Resource"><rdf:value>torn</rdf:value>'
        "<inv:by>M.</inv:by></inv:note>"
    )
    data, _ = build_packet(packet(body), provenance(), tiff={})
    spaceless = "".join(line.strip() for line in data.decode().splitlines())
    assert '<inv:box inv:colour="grey"><rdf:Description><inv:n' in spaceless
    assert '<inv:n xml:lang="fr">7</inv:n></rdf:Description></inv:box>' in spaceless
    assert '<inv:raw rdf:parseType="Literal">a <b>c</b> d</inv:raw>' in spaceless
    assert "<rdf:value>torn</rdf:value><inv:by>M.</inv:by></inv:note>" in spaceless


def test_prefixes_are_ours_where_a_master_uses_them_otherwise() -> None:
    # The same prefix for two namespaces in turn, a usual prefix for an unusual namespace, and
    # an event under a prefix of its own.
    body = (
        '<a:one xmlns:a="urn:one">1</a:one><a:two xmlns:a="urn:two">2</a:two>'
        '<xmpMM:three xmlns:xmpMM="urn:three">3</xmpMM:three><four xmlns="urn:four">4</four>'
    )
    data, warnings = build_packet(packet(body), provenance(), tiff={})
    assert warnings == []
    names = {child.tag: child.text for child in ElementTree.fromstring(data)[0][0]}
    assert names["{urn:one}one"] == "1"
    assert names["{urn:two}two"] == "2"
    assert names["{urn:three}three"] == "3"
    assert names["{urn:four}four"] == "4"


def test_several_descriptions_are_read_as_one() -> None:
    other = '</rdf:Description><rdf:Description rdf:about="" dc:format="image/tiff">'
    kept = built(packet(f"<inv:a>1</inv:a>{other}<inv:b>2</inv:b>"))["properties"]
    assert (kept["inv:a"], kept["inv:b"], kept["dc:format"]) == ("1", "2", "image/tiff")


def test_a_contradiction_is_warned_about() -> None:
    data, warnings = build_packet(
        packet("<inv:a>1</inv:a><inv:a>2</inv:a><inv:b>3</inv:b><inv:b>3</inv:b>"),
        provenance(),
        tiff={},
    )
    assert read_properties(data)["properties"]["inv:a"] == "1"
    assert warnings == [
        "the master's XMP: a: stated twice with different values, the first was kept"
    ]


def test_what_rdf_does_not_allow_is_kept_out_with_a_warning() -> None:
    _, warnings = build_packet(packet("<loose>1</loose>", 'stray="2"'), provenance(), tiff={})
    assert warnings == ["the master's XMP: loose, stray: no XMP property, kept out"]


def test_tiff_properties_say_what_the_deliverable_is() -> None:
    master = packet(
        "<tiff:ImageWidth>100</tiff:ImageWidth><exif:PixelXDimension>100</exif:PixelXDimension>"
        "<tiff:BitsPerSample><rdf:Seq><rdf:li>8</rdf:li></rdf:Seq></tiff:BitsPerSample>"
        "<tiff:Make>Heidelberg</tiff:Make>"
    )
    tiff: dict[str, str | int] = {
        "ImageWidth": 400,
        "ImageLength": 300,
        "BitsPerSample": "16 16,16",
        "XResolution": "600/1",
        "ImageDescription": "Port",
    }
    found = read_properties(build_packet(master, provenance(), tiff=tiff)[0])
    assert found["tiff"] == {
        "ImageWidth": "400",
        "ImageLength": "300",
        "BitsPerSample": ["16", "16", "16"],
        "XResolution": "600/1",
        "ImageDescription": {"x-default": "Port"},
        "Make": "Heidelberg",
    }
    assert found["properties"]["exif:PixelXDimension"] == "400"
    assert "exif:PixelYDimension" not in found["properties"]


def test_a_tiff_key_that_is_no_name_is_refused() -> None:
    with pytest.raises(ValueError, match="no name of a tiff property"):
        build_packet(None, provenance(), tiff={"Image Width": 4})


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "utf-32"])
def test_every_encoding_of_xmp_is_read(encoding: str) -> None:
    text = packet("<dc:source>Zürich 写真</dc:source>").decode().lstrip("\ufeff")
    assert built(text.encode(encoding))["properties"]["dc:source"] == "Zürich 写真"


def test_padding_and_the_remains_of_older_packets_do_no_harm() -> None:
    master = packet("<inv:a>1</inv:a>") + b"\0\0  </rdf:RDF> left over \0"
    assert built(master)["properties"]["inv:a"] == "1"


def test_control_characters_are_removed_and_it_is_said() -> None:
    noted = declined("descreen", "screen\x00 at\x1b 150\ud800 lpi\ufffe")
    data, warnings = build_packet(packet("<inv:a>x\x07y</inv:a>"), provenance(noted), tiff={})
    found = read_properties(data)
    assert found["NotApplied"][0]["reason"] == "screen at 150 lpi"
    assert found["properties"]["inv:a"] == "xy"
    assert warnings == [
        "the master's XMP: 1 control characters that XML cannot carry were removed",
        "XMP: 4 characters that XML cannot carry were removed",
    ]


def test_two_builds_give_the_same_bytes_whatever_the_order_in_the_master() -> None:
    one, two = '<a:x xmlns:a="urn:1">1</a:x>', '<b:y xmlns:b="urn:2">2</b:y>'
    done = provenance(event("denoise"), upscaled(), declined("faces"))
    first, _ = build_packet(packet(one + two), done, tiff={"ImageWidth": 4, "ImageLength": 3})
    second, _ = build_packet(packet(two + one), done, tiff={"ImageLength": 3, "ImageWidth": 4})
    assert first == second


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_comes_back_less_what_xml_cannot_carry(reason: str, scan: str) -> None:
    data, _ = build_packet(None, provenance(declined("faces", reason), scan=scan), tiff={})
    ElementTree.fromstring(data)
    again, warnings = build_packet(data, provenance(), tiff={})
    assert warnings == []
    found, earlier = read_properties(data), read_properties(again)
    (before,) = earlier["properties"]["restoration:Earlier"]
    assert before["NotApplied"] == found["NotApplied"]
    legal = "".join(c for c in reason if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff"))
    assert found["NotApplied"][0]["reason"] == "".join(
        c for c in legal if not "\ud800" <= c <= "\udfff"
    )


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=300) | st.text(alphabet="<>/&;:= \"'ax!?[]", max_size=120).map(str.encode)
)
def test_no_bytes_at_all_are_an_error(master: bytes) -> None:
    data, warnings = build_packet(master, provenance(), tiff={})
    assert read_properties(data)["Recipe"] == "archive"
    assert warnings


def _with_doctype(internal: str, use: str) -> bytes:
    body = packet(f"<inv:a>{use}</inv:a>").decode()
    return body.replace("<x:xmpmeta", f"<!DOCTYPE x [{internal}]><x:xmpmeta", 1).encode()


LAUGHS = '<!ENTITY l0 "ha">' + "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12)
)
MANY = 1_000_000
HOSTILE = {
    "billion laughs": _with_doctype(LAUGHS, "&l11;"),
    "billion laughs in UTF-16": _with_doctype(LAUGHS, "&l11;").decode().encode("utf-16"),
    "external entity": _with_doctype('<!ENTITY e SYSTEM "file:///etc/passwd">', "&e;"),
    "parameter entity": _with_doctype('<!ENTITY % p SYSTEM "http://h.example/x"> %p;', "x"),
    "external subset": packet("").replace(b"<x:xmpmeta", b'<!DOCTYPE x SYSTEM "a"><x:xmpmeta', 1),
    "nesting": packet("<inv:a>" * MANY),
    "size": packet("<inv:a>" + "x" * (MASTER_LIMITS.size) + "</inv:a>"),
    "elements": packet("<inv:a/>" * (MASTER_LIMITS.nodes + 1)),
    "attributes": packet("", " ".join(f'inv:a{n}=""' for n in range(MASTER_LIMITS.nodes + 1))),
    "undeclared prefix": packet("<nowhere:a/>"),
    "a name that is none": packet("<inv:1/>"),
    "a repeated attribute": packet(
        "", 'xmlns:i="http://archive.example/inventory#" i:a="" inv:a=""'
    ),
    "not UTF-8": packet("<inv:a>Z\xfcrich</inv:a>").decode().encode("latin-1", "replace"),
    "cut off": packet("<inv:a>1</inv:a>")[:-120],
    "no RDF": b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>',
    "empty": b"",
    "nothing but padding": b"\0" * 2048,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_or_broken_packet_is_kept_out_with_a_warning(kind: str) -> None:
    data, warnings = build_packet(HOSTILE[kind], provenance(event("denoise")), tiff={})
    (warning,) = warnings
    assert warning.startswith("the master's XMP was kept out of the deliverable: ")
    assert "\n" not in warning
    assert len(warning) < 250
    plain, _ = build_packet(None, provenance(event("denoise")), tiff={})
    assert data == plain


def test_a_long_uri_cannot_multiply_the_work() -> None:
    # A parser that joins each name with its URI copies 3 MB 50,000 times here.
    uri, attributes = "u" * 3_000_000, " ".join(f'u:a{n}="1"' for n in range(50_000))
    master = packet("", f'xmlns:u="{uri}" {attributes}')
    data, warnings = build_packet(master, provenance(), tiff={})
    assert warnings == []
    assert data.count(b"u:a") == 2 * 50_000
    assert len(data) < len(master) * 2


def test_a_long_prefix_cannot_multiply_the_packet() -> None:
    prefix = "p" * 100_000
    master = packet(f'<{prefix}:a xmlns:{prefix}="urn:p"/><b:b xmlns:b="urn:p">' + "<b:c/>" * 5000)
    master = master.replace(b"</rdf:Description>", b"</b:b></rdf:Description>")
    data, warnings = build_packet(master, provenance(), tiff={})
    assert warnings == []
    assert len(data) < len(master) * 2


def test_the_deepest_and_largest_master_can_be_read_back() -> None:
    depth = MASTER_LIMITS.depth - 3
    deep = "".join(f"<inv:n{n} rdf:parseType='Resource'>" for n in range(depth))
    deep += "".join(f"</inv:n{n}>" for n in reversed(range(depth)))
    many = "<inv:bag><rdf:Bag>" + "<rdf:li/>" * 100_000 + "</rdf:Bag></inv:bag>"
    found = built(packet(deep + many))
    assert len(found["properties"]["inv:bag"]) == 100_000
    assert "inv:n0" in found["properties"]


def test_reading_back_something_else_is_an_error_of_the_scan() -> None:
    with pytest.raises(UnreadableXmpError, match="no rdf:RDF"):
        read_properties(b"<a/>")
