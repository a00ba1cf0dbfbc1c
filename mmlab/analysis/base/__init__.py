"""What measures share: coalitions, checks of arrays, statistics, input swapping."""
