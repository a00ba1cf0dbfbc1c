"""The simulated pendulum of the task `pendulum`: how it swings, how it is seen and how it is heard."""
