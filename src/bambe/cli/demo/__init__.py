"""The main job as a story: bring a shop up, release a change, break it, roll back, count everything."""
