"""The registration of `two_sensors.py` with mmlab: two statements. See docs/own-model.md.

python -m mmlab doctor mmlab.examples.two_sensors_mmlab
python -m mmlab open mmlab.examples.two_sensors_mmlab
"""

import mmlab
from mmlab.examples.two_sensors import CLASSES, Recordings, build, build_cured

DATA = {split: Recordings(split) for split in ("test", "valid", "train")}
mmlab.register("plain", build, inputs=["acc", "gyro"], classes=CLASSES, data=DATA, task="sensors")
mmlab.register("cured", build_cured, inputs=["acc", "gyro"], classes=CLASSES, data=DATA, task="sensors")
