"""What a platform of JT/T 808 answers, question by question: the kit behind `fleet-sim conform`.

`peer` is a terminal that can misbehave on purpose, `checks` are the questions with what must come back, `kit`
asks them in order. It knows the gateway only by its port: any platform can be asked.
"""
