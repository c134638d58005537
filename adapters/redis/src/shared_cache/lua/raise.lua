return raise()
