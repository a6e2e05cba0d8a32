"""Reports (评估报告) of a conversation and of a queue, as self-contained HTML and as PDF."""
