"""The simulated pendulum of the task `pendulum`: its dynamics, its image and its sound."""
