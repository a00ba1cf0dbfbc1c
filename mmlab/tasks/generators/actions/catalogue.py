"""The ten actions: each happens in one of seven scenes and is one of five motions.

Weight lifting and squats are in the same gym: only the motion tells them apart. Weight lifting and a basketball shot
are the same motion: there the scene tells. A frame tells nothing of the motion, since every motion passes through the
same poses; the true motion tells nothing of the scene.
"""

from __future__ import annotations

ACTIONS = {  # name: scene, motion
    "weight lifting": ("gym", "lift"),
    "squats": ("gym", "bend"),
    "basketball shot": ("hall", "lift"),
    "dribbling": ("hall", "pump"),
    "hockey shot": ("rink", "swing"),
    "skating": ("rink", "stride"),
    "hammering": ("workshop", "pump"),
    "golf": ("meadow", "swing"),
    "hurdle race": ("track", "stride"),
    "trampoline": ("garden", "bend"),
}
SCENES = {  # what stands there
    "gym": "a rack of weights",
    "hall": "a hoop",
    "rink": "a goal",
    "workshop": "a workbench",
    "meadow": "a flag",
    "track": "a hurdle",
    "garden": "a trampoline",
}
MOTIONS = {  # what moves
    "lift": "both arms up or down",
    "bend": "the whole body up or down, on its knees",
    "pump": "one arm up or down",
    "swing": "both arms and the trunk to one side",
    "stride": "legs and arms against each other",
}
