"""What the learner sees and presses: anywidget classes with traits and wiring. The only place that imports `anywidget`.

card.py      Card: shared look, and the text that a notebook stores
action.py    ActionCard: a button that runs something in a thread, with progress and log → StepCard, PrepareCard
picture.py   PictureCard: a picture of `labs.pictures` that follows the state
quiz.py      QuizCard: all questions of a lesson;  diagnosis.py  DiagnosisCard: the question of one case of the clinic
feed.py      events → small batches for the browser;  transcript.py  outcomes → text
"""
