"""The file formats of datasets: pure functions between the records of a snapshot and bytes, one file for each format."""
