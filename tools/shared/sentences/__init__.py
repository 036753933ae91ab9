"""The words of summaries: amounts and days by the user's locale, lists, counts, and the sentences that several tools share."""
