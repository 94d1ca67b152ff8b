"""Invented names, in English and Ukrainian spelling."""

REGIONS = (
    ("Orramar", "Оррамар"),
    ("Selmore", "Сельмор"),
    ("Kaldur", "Кальдур"),
    ("Vestling", "Вестлінг"),
    ("Ubrin", "Убрин"),
    ("Tarnholm", "Тарнгольм"),
    ("Eastlee", "Істлі"),
    ("Mirel Coast", "Мірельський берег"),
)

PLACES = (
    ("Orra City", "Орра"),
    ("Selm", "Сельм"),
    ("Kaldby", "Кальдбю"),
    ("Vesting", "Вестинг"),
    ("Ubra", "Убра"),
    ("Tarn", "Тарн"),
    ("Leeham", "Лігам"),
    ("Port Mirel", "Порт-Мірель"),
    ("Dunnow", "Даннов"),
    ("Harrowby", "Герробі"),
    ("Iskell", "Іскелль"),
    ("Jorvale", "Йорвейл"),
    ("Linnet", "Ліннет"),
    ("Marrow", "Марров"),
    ("Nethby", "Нетбі"),
    ("Ostrel", "Острель"),
    ("Pellam", "Пеллам"),
    ("Quarn", "Кварн"),
    ("Rindel", "Рінделль"),
    ("Sorrow Bay", "Сорров-Бей"),
    ("Thessaly Ford", "Тессалі-Форд"),
    ("Wending", "Вендинг"),
    ("Yarrow", "Ярров"),
    ("Zellin", "Зеллін"),
)
