"""What is no lesson: the checks behind the messages, devices, processes, threads, shipped files. Nothing here is public."""
