"""The measurements: each path that grows with the number of families, as ratios taken interleaved in one run."""
