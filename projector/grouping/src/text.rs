//! What of a text counts: its first lines, masked; for what browsers say in the language
//! of their user, one word.

use std::borrow::Cow;

use crate::mask::mask;

mod engines;
mod gaps;

pub(crate) use gaps::has_gaps;

/// Lines of a message or value that count: the first ones say what happened, the
/// rest are details (a dump, a query).
const LINES_MAX: usize = 2;
/// Longest text that browsers translate, bytes.
const TRANSLATED_BYTES_MAX: usize = 120;

/// A meaning, and the texts that have it, in lower case.
type Translation = (&'static str, &'static [&'static str]);

/// What .NET Framework says in its machine's language, by what it means.
const DOTNET: [Translation; 1] = [(
    "<null dereferenced>",
    &[
        "object reference not set to an instance of an object",
        "der objektverweis wurde nicht auf eine objektinstanz festgelegt",
        "la référence d'objet n'est pas définie à une instance d'un objet",
        "referencia a objeto no establecida como instancia de un objeto",
        "riferimento a un oggetto non impostato su un'istanza di oggetto",
        "referência de objeto não definida para uma instância de um objeto",
        "ссылка на объект не указывает на экземпляр объекта",
        "オブジェクト参照がオブジェクト インスタンスに設定されていません",
        "未将对象引用设置到对象的实例",
        "개체 참조가 개체의 인스턴스로 설정되지 않았습니다",
        "odwołanie do obiektu nie zostało ustawione na wystąpienie obiektu",
        "nesne başvurusu bir nesnenin örneğine ayarlanmadı",
        "odkaz na objekt není nastaven na instanci objektu",
    ],
)];

/// What browsers say of a request that failed, by what it means. WebKit says it in the
/// language of its user, and each engine in its own words.
const TRANSLATIONS: [Translation; 5] = [
    (
        "<request cancelled>",
        &[
            "cancelled",
            "canceled",
            "abgebrochen",
            "cancelado",
            "cancelada",
            "annulé",
            "annulée",
            "annullato",
            "annullata",
            "geannuleerd",
            "avbruten",
            "avbrutt",
            "avbrudt",
            "annulleret",
            "peruutettu",
            "kumottu",
            "キャンセル",
            "キャンセルしました",
            "キャンセルされました",
            "已取消",
            "取消",
            "отменено",
            "iptal edildi",
            "anulowano",
            "anulowane",
            "zrušeno",
            "zrušené",
            "취소됨",
            "취소",
            "anulat",
            "megszakítva",
            "скасовано",
            "ακυρώθηκε",
            "בוטל",
            "ملغى",
            "đã hủy",
            "dibatalkan",
            "ยกเลิก",
            "otkazano",
            "cancel·lat",
        ],
    ),
    (
        "<request failed>",
        &[
            "failed to fetch",
            "networkerror when attempting to fetch resource",
            "load failed",
            "network request failed",
            "fetch failed",
            "network error",
            "laden fehlgeschlagen",
            "échec du chargement",
            "error de carga",
            "caricamento non riuscito",
            "falha ao carregar",
            "загрузка не удалась",
            "読み込みに失敗しました",
            "加载失败",
        ],
    ),
    (
        "<connection lost>",
        &[
            "the network connection was lost",
            "die netzwerkverbindung wurde unterbrochen",
            "la connexion réseau a été perdue",
            "la connexion au réseau a été perdue",
            "se ha perdido la conexión de red",
            "la conexión de red se ha perdido",
            "se perdió la conexión de red",
            "la connessione è stata persa",
            "la connessione di rete è stata persa",
            "la connessione alla rete è stata persa",
            "de netwerkverbinding is verbroken",
            "de netwerkverbinding is verloren gegaan",
            "a conexão de rede foi perdida",
            "a conexão à rede foi perdida",
            "a ligação de rede foi perdida",
            "ネットワーク接続が切れました",
            "ネットワーク接続が失われました",
            "网络连接已中断",
            "網路連線中斷",
            "網路連線已中斷",
            "сетевое соединение потеряно",
            "сетевое соединение было потеряно",
            "네트워크 연결이 유실되었습니다",
            "utracono połączenie sieciowe",
            "połączenie sieciowe zostało utracone",
            "nätverksanslutningen bröts",
            "nätverksanslutningen förlorades",
            "netværksforbindelsen blev afbrudt",
            "nettverksforbindelsen ble brutt",
            "ağ bağlantısı kesildi",
            "verkkoyhteys katkesi",
            "síťové připojení bylo ztraceno",
        ],
    ),
    (
        "<offline>",
        &[
            "the internet connection appears to be offline",
            "es besteht anscheinend keine verbindung zum internet",
            "la connexion internet semble interrompue",
            "la connexion internet semble être hors ligne",
            "parece que la conexión a internet está desactivada",
            "parece que no hay conexión a internet",
            "la connessione internet sembra essere offline",
            "de internetverbinding is offline",
            "de internetverbinding lijkt offline te zijn",
            "a conexão à internet parece estar inativa",
            "a conexão com a internet parece estar offline",
            "インターネット接続がオフラインのようです",
            "似乎已断开与互联网的连接",
            "вероятно, соединение с интернетом прервано",
            "인터넷 연결이 오프라인 상태인 것 같습니다",
            "połączenie z internetem jest nieaktywne",
            "anslutningen till internet verkar vara nere",
        ],
    ),
    (
        "<request timed out>",
        &[
            "the request timed out",
            "zeitüberschreitung bei der anforderung",
            "zeitüberschreitung bei der anfrage",
            "la requête a expiré",
            "le délai d’attente de la requête est dépassé",
            "se ha agotado el tiempo de espera",
            "se agotó el tiempo de espera",
            "se ha agotado el tiempo de espera de la solicitud",
            "richiesta scaduta",
            "la richiesta è scaduta",
            "time-out van het verzoek",
            "het verzoek is verlopen",
            "o tempo limite da solicitação expirou",
            "a solicitação excedeu o tempo limite",
            "o pedido expirou",
            "要求がタイムアウトになりました",
            "要求がタイムアウトしました",
            "请求超时",
            "請求逾時",
            "превышен лимит времени на запрос",
            "время ожидания запроса истекло",
            "요청한 시간이 초과되었습니다",
            "przekroczono limit czasu żądania",
            "begäran gjorde timeout",
        ],
    ),
];

/// The first lines of a text that are not empty, masked; without colours of a terminal,
/// blanks that vary, suggestions, and a full stop at the end.
pub(crate) fn masked(text: &str) -> String {
    mask(&as_written(text))
}

/// The same, what varies left in.
pub(crate) fn as_written(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("Did you mean"));
    let lines: Vec<Cow<'_, str>> = lines.take(LINES_MAX).map(plain).collect();
    // Where a line ends depends on the system, and on who wrote it down.
    let joined = match lines.as_slice() {
        [only] => Cow::Borrowed(&**only),
        lines => Cow::Owned(lines.join(" ")),
    };
    without_place(joined.trim_end_matches('.')).to_owned()
}

/// Without the place that a language adds at the end, which the stack tells: PHP's ", called in
/// /srv/a.php on line 12", Perl's ", <STDIN> line 4".
fn without_place(text: &str) -> &str {
    if let Some((kept, place)) = text.rsplit_once(", called in ")
        && place.contains(" on line ")
    {
        return kept;
    }
    match text.rsplit_once(", <") {
        Some((kept, handle)) if kept.contains(" line ") && handle.contains("> line ") => kept,
        _ => text,
    }
}

/// A line with single blanks and without escape sequences.
pub(crate) fn plain(line: &str) -> Cow<'_, str> {
    let bytes = line.as_bytes();
    let is_graphic = bytes.iter().all(|b| b.is_ascii_graphic() || *b == b' ');
    if is_graphic && !bytes.windows(2).any(|pair| pair == b"  ") {
        return Cow::Borrowed(line);
    }
    Cow::Owned(respaced(line))
}

/// The same, written anew.
pub(crate) fn respaced(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' {
            let _ = rest.by_ref().find(char::is_ascii_alphabetic);
        } else if !c.is_whitespace() {
            plain.push(c);
        } else if !plain.ends_with(' ') {
            plain.push(' ');
        }
    }
    plain
}

/// What counts of an error's text.
pub(crate) struct Text {
    /// Masked, or what browsers mean by it.
    pub(crate) text: Cow<'static, str>,
    /// Engines have other types for it, too.
    pub(crate) is_of_any_type: bool,
}

/// What counts of an error's text.
pub(crate) fn of_error(value: &str, platform: &str) -> Text {
    let is_script = matches!(platform, "javascript" | "node");
    let is_dotnet = matches!(platform, "csharp" | "dotnet" | "fsharp");
    let translations: &'static [Translation] = match platform {
        _ if is_dotnet => &DOTNET,
        _ if is_script || platform == "cocoa" => &TRANSLATIONS,
        _ => &[],
    };
    if let Some(known) = translated(value, translations) {
        return Text {
            text: Cow::Borrowed(known),
            is_of_any_type: false,
        };
    }
    if is_script && let Some(meaning) = engines::meaning(value) {
        return Text {
            text: Cow::Owned(mask(&meaning.text)),
            is_of_any_type: meaning.is_of_any_type,
        };
    }
    Text {
        text: Cow::Owned(masked(value)),
        is_of_any_type: false,
    }
}

fn translated(value: &str, known: &'static [Translation]) -> Option<&'static str> {
    if known.is_empty() || value.len() > TRANSLATED_BYTES_MAX {
        return None;
    }
    let text = value.trim().trim_end_matches(['.', '。']).to_lowercase();
    let known = known
        .iter()
        .find(|(_, texts)| texts.contains(&text.as_str()));
    known.map(|(meaning, _)| *meaning)
}
