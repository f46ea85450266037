"""The segment log keeps what it acknowledged, in order, and says what it lost."""

from __future__ import annotations

import os
from pathlib import Path
from zlib import crc32

import pytest

from panshi.wire.log import LogLocked, SegmentLog
from panshi.wire.reader import LogReader
from panshi.wire.records import MAX_DATA, Frame, FrameTooLong, LostRange, Position, Stored
from panshi.wire.segments import (
    FRAMES_NEED,
    KEEP_US,
    SESSIONS_NEED,
    DiskSpace,
    LogUnreadable,
    disk_space,
    pack_header,
    read_header,
    segments,
    trim,
    trim_point,
)

pytestmark = pytest.mark.plain

SMALL = 64 * 1024
VIN = b"LSVNV2182E2100001"


def frame(number: int, *, identity: bytes = VIN, size: int = 120) -> Frame:
    return Frame(
        received_us=1_700_000_000_000_000 + number,
        session=number * 7,
        protocol=1,
        flags=number % 256,
        identity=identity,
        data=number.to_bytes(4, "big") * (size // 4),
    )


def opened(folder: Path, *, size: int = SMALL) -> SegmentLog:
    return SegmentLog(folder=folder, gateway=3, segment_size=size)


def number(stored: Stored) -> int:
    return stored.received_us - 1_700_000_000_000_000


def everything(folder: Path) -> tuple[list[int], list[LostRange]]:
    reader, at = LogReader(folder=folder), Position(0)
    numbers, lost = list[int](), list[LostRange]()
    while (batch := reader.read(at, 50)).next != at:
        numbers += [number(stored) for stored in batch.frames]
        lost += batch.lost
        at = batch.next
    reader.close()
    return numbers, lost


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "log" / "3"


@pytest.fixture
def filled(folder: Path) -> Path:
    log = opened(folder)
    log.append([frame(index) for index in range(20)])
    log.close()
    return folder


def test_gives_back_every_field_of_a_frame(folder: Path) -> None:
    log = opened(folder)
    sent = Frame(
        received_us=-5,
        session=2**64 - 1,
        protocol=255,
        flags=128,
        identity="京A12345".encode(),
        data=bytes(range(256)),
    )

    end = log.append([sent])

    (stored,) = log.read(Position(0), 10).frames
    assert stored.received_us == sent.received_us
    assert (stored.session, stored.protocol, stored.flags) == (2**64 - 1, 255, 128)
    assert (stored.identity, stored.data) == (sent.identity, sent.data)
    assert (stored.position, stored.next, stored.previous) == (32, end, 0)
    log.close()


def test_positions_are_aligned_and_rise_across_segments_and_openings(folder: Path) -> None:
    seen = list[int]()
    for start in range(0, 900, 300):
        log = opened(folder)
        for index in range(start, start + 300, 10):
            seen.append(log.append([frame(n, size=200 + n % 9) for n in range(index, index + 10)]))
        log.close()

    assert seen == sorted(set(seen))
    assert all(position % 8 == 0 for position in seen)
    assert len(segments(folder=folder)) > 2
    assert everything(folder) == (list(range(900)), [])


def test_a_group_longer_than_a_segment_goes_on_in_the_next(folder: Path) -> None:
    log = opened(folder)

    log.append([frame(index, size=1000) for index in range(200)])

    log.close()
    assert everything(folder) == (list(range(200)), [])


def test_reads_from_any_position_that_a_batch_named(filled: Path) -> None:
    reader = LogReader(folder=filled)
    first = reader.read(Position(0), 7)

    rest = reader.read(first.next, 100)

    assert [number(stored) for stored in rest.frames] == list(range(7, 20))
    assert reader.read(rest.next, 100).frames == ()
    assert reader.read(rest.next, 100).next == rest.next
    reader.close()


def test_keeps_each_device_chain_across_segments_and_openings(folder: Path) -> None:
    others = [f"1380000{index:04d}".encode() for index in range(40)]
    for start in range(0, 120, 20):
        log = opened(folder)
        for index in range(start, start + 20):
            log.append([frame(index), *(frame(0, identity=other, size=60) for other in others)])
        log.close()
    reader = LogReader(folder=folder)
    batch = reader.read(Position(0), 100_000)
    newest = max(stored.position for stored in batch.frames if stored.identity == VIN)
    assert len(segments(folder=folder)) > 5

    chain = reader.chain(newest, 50)

    assert [number(stored) for stored in chain] == list(range(119, 69, -1))
    assert {stored.identity for stored in chain} == {VIN}
    reader.close()


def test_a_chain_reaches_a_frame_longer_than_one_peek(folder: Path) -> None:
    log = opened(folder, size=1024 * 1024)
    log.append([frame(0), frame(1, size=60_000), frame(2)])
    reader = LogReader(folder=folder)
    newest = reader.read(Position(0), 3).frames[-1].position

    assert [number(stored) for stored in reader.chain(newest, 9)] == [2, 1, 0]
    assert reader.chain(Position(0), 9) == ()
    log.close()


def test_a_chain_survives_the_loss_of_its_heads_file(folder: Path) -> None:
    log = opened(folder)
    log.append([frame(0)])
    log.append([frame(1, identity=b"other", size=40_000), frame(2, identity=b"other", size=40_000)])
    log.close()
    for heads in folder.glob("*.heads"):
        heads.write_bytes(b"damaged")

    log = opened(folder)
    log.append([frame(3)])

    assert log.read(Position(0), 9).frames[-1].previous == 32
    log.close()


def test_refuses_a_second_writer_until_the_first_has_closed(folder: Path) -> None:
    log = opened(folder)

    with pytest.raises(LogLocked):
        opened(folder)

    log.close()
    opened(folder).close()


def test_refuses_a_frame_that_no_record_holds_and_stays_usable(folder: Path) -> None:
    log = opened(folder, size=512 * 1024)

    with pytest.raises(FrameTooLong):
        log.append([frame(0), frame(1, size=MAX_DATA + 4)])
    with pytest.raises(FrameTooLong):
        log.append([frame(0, identity=b"x" * 256)])

    log.append([frame(2, size=MAX_DATA)])
    log.close()
    assert everything(folder) == ([2], [])


def test_refuses_a_frame_longer_than_a_segment(folder: Path) -> None:
    log = opened(folder, size=4096)

    with pytest.raises(FrameTooLong):
        log.append([frame(0), frame(1, size=4096)])

    log.append([frame(2)])
    log.close()
    assert everything(folder) == ([2], [])


@pytest.mark.parametrize("mark_is_lost", [False, True])
def test_opens_cleanly_at_every_byte_cut_of_the_last_group(
    folder: Path, tmp_path: Path, mark_is_lost: bool
) -> None:
    log = opened(folder, size=4096)
    start = log.append([frame(index) for index in range(3)])
    before = (folder / "durable").read_bytes()
    end = log.append([frame(3), frame(4)])
    log.close()
    (segment,) = segments(folder=folder)
    whole = segment.path.read_bytes()
    (folder / "durable").write_bytes(b"" if mark_is_lost else before)
    mark = (folder / "durable").read_bytes()
    junk = bytes(range(1, 252))

    for cut in range(start, end + 1):
        for behind in (bytes(len(whole) - cut), (junk * 20)[: len(whole) - cut]):
            segment.path.write_bytes(whole[:cut] + behind)
            (folder / "durable").write_bytes(mark)
            log = opened(folder, size=4096)
            log.append([frame(9)])
            log.close()
            numbers, lost = everything(folder)
            assert numbers[:3] == [0, 1, 2]
            assert numbers[3:] in ([9], [3, 9], [3, 4, 9])
            assert len(numbers) == 6 or cut < end
            assert lost == []


def test_a_flipped_byte_in_a_sealed_segment_loses_that_frame_and_says_so(folder: Path) -> None:
    log = opened(folder)
    log.append([frame(index, size=400) for index in range(400)])
    third = log.read(Position(0), 4).frames[3]
    log.close()
    path = segments(folder=folder)[0].path
    content = bytearray(path.read_bytes())
    content[third.position + 60] ^= 0x10
    path.write_bytes(content)

    numbers, lost = everything(folder)

    assert numbers == [index for index in range(400) if index != 3]
    assert lost == [LostRange(start=third.position, end=third.next)]


@pytest.mark.parametrize("wipe", [b"\0", b"\xff", b"\x40"])
def test_a_damaged_block_before_the_mark_is_skipped_and_never_zeroed(
    filled: Path, wipe: bytes
) -> None:
    frames = LogReader(folder=filled).read(Position(0), 99).frames
    (segment,) = segments(folder=filled)
    content = bytearray(segment.path.read_bytes())
    begin, end = frames[5].position, frames[9].position
    content[begin:end] = wipe * (end - begin)
    segment.path.write_bytes(content)

    log = opened(filled)
    log.append([frame(77)])
    log.close()

    damage = [LostRange(start=begin, end=end)]
    assert list(log.lost) == damage
    assert everything(filled) == ([*range(5), *range(9, 20), 77], damage)


def test_damage_up_to_the_mark_leaves_the_positions_behind_it_fresh(filled: Path) -> None:
    frames = LogReader(folder=filled).read(Position(0), 99).frames
    (segment,) = segments(folder=filled)
    content = bytearray(segment.path.read_bytes())
    content[frames[18].position : frames[19].next] = bytes(frames[19].next - frames[18].position)
    segment.path.write_bytes(content)

    log = opened(filled)
    log.append([frame(77)])
    log.close()

    reader = LogReader(folder=filled)
    (fresh,) = reader.read(frames[19].next, 9).frames
    reader.close()
    assert number(fresh) == 77


def test_a_frame_that_imitates_a_record_is_not_read_as_one(folder: Path) -> None:
    log = opened(folder)
    log.append([frame(0)])
    log.close()
    imitation = segments(folder=folder)[0].path.read_bytes()[32 : 32 + 200]
    log = opened(folder)
    host = Frame(received_us=0, session=0, protocol=1, flags=0, identity=b"12345", data=imitation)
    log.append([host, frame(1)])
    stored = log.read(Position(0), 9).frames[1]
    log.close()
    path = segments(folder=folder)[0].path
    content = bytearray(path.read_bytes())
    content[stored.position + 4] ^= 1
    path.write_bytes(content)

    numbers, lost = everything(folder)

    assert numbers == [0, 1]
    assert lost == [LostRange(start=stored.position, end=stored.next)]


def test_a_missing_segment_is_a_lost_range(folder: Path) -> None:
    log = opened(folder)
    log.append([frame(index, size=1000) for index in range(200)])
    log.close()
    files = segments(folder=folder)
    files[1].path.unlink()

    numbers, lost = everything(folder)

    assert 0 < len(numbers) < 200
    assert numbers[-1] == 199
    assert lost == [LostRange(start=Position(files[1].base), end=Position(files[2].base))]


def test_offsets_never_restart_when_the_files_are_gone(filled: Path) -> None:
    end = LogReader(folder=filled).end()
    for segment in segments(folder=filled):
        segment.path.unlink()

    log = opened(filled)

    assert log.append([frame(50)]) > end
    log.close()


def test_a_damaged_header_costs_no_frame(filled: Path) -> None:
    (segment,) = segments(folder=filled)
    content = segment.path.read_bytes()
    segment.path.write_bytes(b"garbage!" * 4 + content[32:])

    opened(filled).close()

    header = read_header(segment=segment)
    assert header is not None
    assert (header.gateway, header.base) == (3, 0)
    assert everything(filled) == (list(range(20)), [])


def test_an_unknown_format_is_refused_and_not_overwritten(filled: Path) -> None:
    (segment,) = segments(folder=filled)
    content = segment.path.read_bytes()
    head = b"PSLG" + b"\x09\x00" + pack_header(gateway=3, base=0, created_us=1)[6:28]
    segment.path.write_bytes(head + crc32(head).to_bytes(4, "little") + content[32:])
    before = segment.path.read_bytes()

    with pytest.raises(LogUnreadable):
        opened(filled)
    with pytest.raises(LogUnreadable):
        LogReader(folder=filled).read(Position(0), 1)

    assert segment.path.read_bytes() == before


def test_a_segment_cut_short_gets_its_length_again(filled: Path) -> None:
    (segment,) = segments(folder=filled)
    os.truncate(segment.path, 1000)
    (folder_mark := filled / "durable").unlink()

    log = opened(filled)
    log.append([frame(30)])
    log.close()

    assert segment.path.stat().st_size == SMALL
    assert everything(filled) == ([0, 1, 2, 3, 4, 30], [])
    assert folder_mark.exists()


def test_a_segment_cut_short_of_what_was_durable_is_left_behind(filled: Path) -> None:
    frames = LogReader(folder=filled).read(Position(0), 99).frames
    (segment,) = segments(folder=filled)
    os.truncate(segment.path, 1000)

    log = opened(filled)
    log.append([frame(30)])
    log.close()

    numbers, lost = everything(filled)
    assert numbers == [0, 1, 2, 3, 4, 30]
    assert lost[0].start == frames[5].position
    assert lost[-1].end == frames[-1].next


def test_trims_whole_segments_behind_the_position_and_never_the_last(folder: Path) -> None:
    log = opened(folder)
    log.append([frame(index, size=1000) for index in range(300)])
    files = segments(folder=folder)
    assert len(files) > 3

    log.trim(Position(files[2].base + 5))
    kept, lost = everything(folder)
    assert segments(folder=folder) == files[2:]
    assert kept == list(range(kept[0], 300))
    assert lost == []

    gone = trim(folder=folder, before=Position(10**9))
    assert len(gone) == len(files) - 3
    assert segments(folder=folder) == files[-1:]
    assert not list(folder.glob(f"{files[0].base:016x}.*"))
    log.close()


def test_a_consumer_left_behind_by_trimming_hears_of_the_gap(folder: Path) -> None:
    log = opened(folder)
    log.append([frame(index, size=1000) for index in range(200)])
    files = segments(folder=folder)
    log.trim(Position(files[1].base))

    batch = log.read(Position(40), 5)

    assert batch.lost == (LostRange(start=Position(40), end=Position(files[1].base)),)
    assert len(batch.frames) == 5
    log.close()


def test_trim_point_asks_consumers_age_and_size(folder: Path) -> None:
    log = opened(folder)
    log.append([frame(index, size=1000) for index in range(300)])
    log.close()
    files = segments(folder=folder)
    header = read_header(segment=files[-1])
    assert header is not None
    now, later = header.created_us, header.created_us + KEEP_US + 1
    end, roomy = LogReader(folder=folder).end(), 10**9

    def point(consumed: int, at_us: int, size_limit: int) -> int:
        return trim_point(
            folder=folder, consumed=Position(consumed), at_us=at_us, size_limit=size_limit
        )

    assert point(end, now, roomy) == files[0].base
    assert point(end, later, roomy) == files[-1].base
    assert point(files[2].base + 1, later, roomy) == files[2].base
    assert point(end, now, SMALL * (len(files) - 1)) == files[1].base
    assert point(0, later, 0) == files[0].base


def test_free_space_closes_the_door_in_two_steps(folder: Path) -> None:
    folder.mkdir(parents=True)
    assert disk_space(folder=folder).free_bytes > 0
    ample = DiskSpace(free_bytes=SESSIONS_NEED)
    tight = DiskSpace(free_bytes=SESSIONS_NEED - 1)
    full = DiskSpace(free_bytes=FRAMES_NEED - 1)
    assert (ample.accepts_sessions, ample.accepts_frames) == (True, True)
    assert (tight.accepts_sessions, tight.accepts_frames) == (False, True)
    assert (full.accepts_sessions, full.accepts_frames) == (False, False)
