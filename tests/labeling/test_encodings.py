"""Files that do not say in which encoding they are: what people see of them is right in most."""

from __future__ import annotations

import io

import pytest

from labelfiles import LabelFileError
from labeling.encodings import find_encoding

NAMES = {
    "cp1250": "Łukasz Wiśniewski;Kraków|Paweł Dąbrowski;Gdańsk|Józef Źrebiec;Częstochowa|Jiří Dvořák;Plzeň|Tomáš Růžička;Děčín",
    "cp1251": "Иван Петров;Москва|Мария Сидорова;Казань|Тарас Шевченко;Київ|Елена Соколова;Уфа",
    "cp1252": "Jürgen Müller;Köln|José Núñez;Málaga|João Gonçalves;São Paulo|François Lefèvre;Nîmes|Åsa Öberg;Malmö|5 €;£ 3",
    "cp1253": "Γιώργος Παπαδόπουλος;Αθήνα|Μαρία Νικολάου;Θεσσαλονίκη|Κώστας Δημητρίου;Πάτρα",
    "cp1254": "Ayşe Yılmaz;İstanbul|Mehmet Öztürk;İzmir|Çağrı Şahin;Eskişehir|Gülşen Doğan;Muğla",
    "cp1255": "יוסי כהן;תל אביב|שרה לוי;ירושלים|דוד מזרחי;חיפה",
    "cp1256": "محمد علي;القاهرة|فاطمة حسن;بيروت|مريم خالد;الرياض",
    "cp1257": "Jānis Bērziņš;Rīga|Kęstutis Žukauskas;Šiauliai|Līga Kalniņa;Daugavpils|Rūta Petrauskaitė;Panevėžys",
    "cp932": "山田太郎;東京都|佐藤花子;大阪市|ワタナベ ケン;横浜市|表参道商店;渋谷区|伊藤さくら;神戸市",
    "gbk": "王伟;北京市|李娜;上海市|刘洋;深圳市|陈静;成都市",
    "big5": "王小明;臺北市|陳怡君;高雄市|林志豪;臺中市",
    "cp949": "김민수;서울시|이영희;부산시|최수진;인천시",
}


def table(names: str) -> str:
    """As a spreadsheet writes it: most cells, and most rows, are ASCII."""
    rows = [f"{number};Ann Smith;Boston;{number}@example.com;2024-03-1{number % 10}" for number in range(200)]
    rows += [f"{number};{name};x@example.com;2024-03-11" for number, name in enumerate(names.split("|"), start=200)]
    return "\r\n".join(["id;name;town;email;changed", *rows])


@pytest.mark.parametrize("encoding", NAMES)
def test_letters_tell_the_encoding(encoding: str) -> None:
    text = table(NAMES[encoding])
    data = text.encode(encoding)
    assert data.decode(find_encoding(data)) == text


@pytest.mark.parametrize("encoding", ["cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1257"])
def test_capitals_tell_it_as_well(encoding: str) -> None:
    text = table(NAMES[encoding].replace("i", "İ").upper() if encoding == "cp1254" else NAMES[encoding].upper())
    data = text.encode(encoding)
    assert data.decode(find_encoding(data)) == text


@pytest.mark.parametrize(
    ("encoding", "names"), [("cp932", "ポスト商会|サポート|ポンプ"), ("big5", "功德|許功蓋|育達|四維路")]
)
@pytest.mark.parametrize("delimiter", [";", "|"])
def test_letters_with_a_bar_in_them_are_letters(encoding: str, names: str, delimiter: str) -> None:
    text = table(names).replace(";", delimiter)
    data = text.encode(encoding)
    assert data.decode(find_encoding(data)) == text


@pytest.mark.parametrize(
    "text", ["Niccolò;Forlì|Però;Nardò|Cantù;Perché", "Muñoz;Ibáñez|Núñez;Peña", "O’Brien;5 €", "Müller;José"]
)
def test_western_is_what_little_is_taken_for(text: str) -> None:
    assert find_encoding(table(text).encode("cp1252")) == "cp1252"


def test_what_is_chosen_counts_unless_it_cannot_be() -> None:
    data = table(NAMES["cp1250"]).encode("cp1250")
    assert find_encoding(io.BytesIO(data), chosen="cp1251") == "cp1251"
    with pytest.raises(LabelFileError, match="is no text in UTF-8 or cp949 here") as refused:
        find_encoding(data, chosen="cp949")
    assert refused.value.problems[0].line
    assert find_encoding("Zoë".encode(), chosen="cp1250") == "utf-8"
