"""`panshi decode`: any text in, one answer a line out."""

import json

import pytest

from panshi.wire import gb32960, jtt808
from panshi.wire.decode import decode_line, decode_lines
from panshi.wire.tests import samples


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("", "empty"),
        ("  \t\n", "empty"),
        ("232", "odd"),
        ("zz", "not hex"),
        ("２３", "not hex"),
        ("23" * 524288, "longer"),
        ("23" * 200000, "length"),
        ('{"id": "d0001"}', "hex"),
        ('{"hex": 5}', "hex"),
        ('{"hex": ""}', "empty"),
        ('{"hex": "23', "JSON"),
        ('{"hex": ' + "[" * 200000, "nested"),
        ("00", "no known frame"),
        ("7e", "start"),
        ("7e7e", "header"),
        ("2323", "length"),
        ("\ud800\x00", "not hex"),
    ],
)
def test_bad_lines_are_answered(line: str, error: str) -> None:
    answer = decode_line(line=line)

    assert answer["ok"] is False
    assert error in str(answer["error"])
    json.dumps(answer)


def test_answers_keep_the_order_of_the_lines() -> None:
    good = gb32960.encode(message=samples.realtime(2025)).hex()
    spaced = jtt808.encode(message=samples.jt(2019, 0x0200, samples.location())).hex(" ").upper()
    lines = ["", good, "xyz", json.dumps({"hex": spaced}), spaced + "\n"]
    answers = list(decode_lines(lines=lines))

    assert [answer["ok"] for answer in answers] == [False, True, False, True, True]
    assert (answers[1]["protocol"], answers[1]["edition"]) == ("GB/T 32960", 2025)
    assert (answers[3]["protocol"], answers[3]["edition"]) == ("JT/T 808", 2019)
    assert answers[3] == answers[4]


def test_a_refused_frame_names_its_reason() -> None:
    frame = bytearray(jtt808.encode(message=samples.jt(2013, 0x0200, samples.location())))
    frame[20] ^= 1
    answer = decode_line(line=frame.hex())

    assert answer["reject"] == "checksum"
    assert answer["protocol"] == "JT/T 808"
    assert answer["msg_id"] == "0200"


def test_every_shared_frame_is_answered() -> None:
    for row in samples.shared_frames():
        answer = decode_line(line=json.dumps({"hex": row.frame.hex()}))
        if "reject" in row.expected:
            assert answer["ok"] is False
            for key in row.expected.keys() - {"upstream_assertions"}:
                assert answer[key] == row.expected[key]
        else:
            assert answer["ok"] is True
            assert answer["protocol"] == row.protocol
            assert str(answer["edition"]) == row.guess
        json.dumps(answer, ensure_ascii=False).encode()
