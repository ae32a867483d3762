-- Nothing is to be taken back: the functions of the newer version stay, and serve the tables as they were.


