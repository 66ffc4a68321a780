"""What is not part of the lessons: the checks behind the messages, devices, processes, threads, shipped files. Nothing here is public."""
