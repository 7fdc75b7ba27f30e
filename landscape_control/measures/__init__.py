"""What a sweep measures in each cell: functions of a solution, with units."""
