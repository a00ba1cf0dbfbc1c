"""Lessons that drive the app: steps with a view, a text and a question; right answers are facts, never typed in.

A lesson is one file (`lesson_file`). `shelf` finds those that come with mmlab, of a folder in `MMLAB_LESSONS` and of
plug-ins. What a question asks is a fact of a model, a file under `facts/`.
"""
