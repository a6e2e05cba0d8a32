"""How files and what is known about their calls come in: metadata, inbox, batches.

sheets      a manifest's rows from CSV or XLSX
columns     which column holds what: guessed, or as a source's people said
records     what one row, sidecar or file name says about a call, and how it joins a conversation
templates   what a recording's name and folders say
sources     what is kept about a source: its zone, its columns, its names
catalogue   all records of one run, found by file name or call id
inbox       a folder that is emptied as files arrive
batches     many files at once: detected, previewed, scored, paused, resumed
"""
