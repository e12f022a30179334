"""Writes the seed corpus of the wire fuzzer: one valid frame of every tag, as far as their lengths do not change with
every new metric, and two streams. Usage: make_wire_corpus.py FOLDER"""

import struct
import sys
from pathlib import Path

MAGIC = 0x31575753
RECALL, ACKNOWLEDGE, STOP, QUIT, BEGIN, START, DATA, SNAPSHOT = 2, 3, 4, 5, 6, 7, 9, 11
PULSE, RETURN, STOPPED, LOST, STOP_WANTED, BYE = 12, 14, 15, 16, 17, 18


def frame(tag, payload=b"", run=1):
    body = payload + bytes(-len(payload) % 8)
    return struct.pack("<IHHiI", MAGIC, tag, 0, run, len(payload)) + body


def data(inputs, tokens, labels=1):
    count = inputs * (tokens + labels)
    return struct.pack("<qii", inputs, tokens, labels) + struct.pack("<%di" % count, *range(count)) + bytes(inputs)


def snapshot(entities, singular, fourier, vocabulary, d, parameters, optimizer=0):
    floats = entities * 8 + 8 + singular + fourier + vocabulary * d + parameters + optimizer
    return struct.pack("<qqqiiiiii", 100, parameters, optimizer, 2, entities, singular, fourier, vocabulary, d) + \
        struct.pack("<%df" % floats, *([0.5] * floats))


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    frames = {
        "recall": frame(RECALL),
        "acknowledge": frame(ACKNOWLEDGE, struct.pack("<qq", 10, 2)),
        "stop": frame(STOP, run=-1),
        "quit": frame(QUIT, struct.pack("<q", 75), run=-1),
        "begin": frame(BEGIN, struct.pack("<q64s", 4711, b"node1")),
        "start": frame(START, struct.pack("<qq", 3, 1)),
        "data": frame(DATA, data(5, 3)),
        "data_clean": frame(DATA, data(5, 3, 2)),
        "snapshot": frame(SNAPSHOT, snapshot(3, 2, 1, 4, 2, 9)),
        "snapshot_narrow": frame(SNAPSHOT, snapshot(1, 1, 0, 0, 0, 0)),
        "pulse": frame(PULSE, struct.pack("<qdd", 100, 1.5, 0.1)),
        "return": frame(RETURN),
        "stopped": frame(STOPPED, run=-1),
        "lost": frame(LOST, struct.pack("<iiiiq256s", 11, 0, 0, 0, 1 << 20, b""), run=-1),
        "stop_wanted": frame(STOP_WANTED, run=-1),
        "bye": frame(BYE, run=-1),
    }
    frames["stream"] = frames["begin"] + frames["start"] + frames["data"] + frames["snapshot"] + frames["pulse"]
    frames["stream_cut"] = frames["stream"][:-5] + b"\x06"
    for name, content in frames.items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
