"""Files → the index: what has changed (`changes`) is read and made ready (`preparing`), in processes
of its own where that pays (`workers`), and handed to the engine (`indexer`). `checking` reads without
indexing, and `repetitions` tells what stands in several articles."""
