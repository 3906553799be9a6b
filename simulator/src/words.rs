//! The terminal's texts in other languages: the words change, the codes stay.

use crate::codes;

/// What the terminal's texts are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Spanish,
    French,
    German,
    Japanese,
    Chinese,
}

/// A text in Spanish, French, German, Japanese and Chinese.
type Translated = [&'static str; 5];

/// The texts of the response codes.
const MEANINGS: [(&str, Translated); 24] = [
    (
        "101",
        [
            "Transacción en curso, inténtelo más tarde",
            "Transaction en cours, réessayez plus tard",
            "Transaktion läuft, bitte später erneut versuchen",
            "取引処理中です。後でもう一度お試しください",
            "交易进行中，请稍后再试",
        ],
    ),
    (
        "102",
        [
            "Transacción cancelada",
            "Transaction annulée",
            "Transaktion abgebrochen",
            "取引がキャンセルされました",
            "交易已取消",
        ],
    ),
    (
        "103",
        [
            "Transacción correcta",
            "Transaction réussie",
            "Transaktion erfolgreich",
            "取引が成功しました",
            "交易成功",
        ],
    ),
    (
        "104",
        [
            "La transacción no existe",
            "La transaction n'existe pas",
            "Transaktion nicht vorhanden",
            "取引が存在しません",
            "交易不存在",
        ],
    ),
    (
        "105",
        [
            "Transacción reembolsada",
            "Transaction remboursée",
            "Transaktion bereits erstattet",
            "取引は返金済みです",
            "交易已退款",
        ],
    ),
    (
        "106",
        [
            "Transacción fallida",
            "Échec de la transaction",
            "Transaktion fehlgeschlagen",
            "取引に失敗しました",
            "交易失败",
        ],
    ),
    (
        "107",
        [
            "Tiempo de transacción agotado",
            "Délai de transaction dépassé",
            "Zeitüberschreitung der Transaktion",
            "取引がタイムアウトしました",
            "交易超时",
        ],
    ),
    (
        "108",
        [
            "Resultado de la transacción desconocido",
            "Résultat de la transaction inconnu",
            "Ergebnis der Transaktion unbekannt",
            "取引結果が不明です",
            "交易结果未知",
        ],
    ),
    (
        "109",
        ["Anomalía de red", "Anomalie du réseau", "Netzwerkfehler", "ネットワーク異常", "网络异常"],
    ),
    (
        "110",
        [
            "Cancelado por el operador",
            "Annulé par l'opérateur",
            "Abbruch durch den Bediener",
            "操作者によるキャンセル",
            "操作员取消",
        ],
    ),
    (
        "111",
        [
            "Tiempo de lectura de tarjeta agotado",
            "Délai de lecture de carte dépassé",
            "Zeitüberschreitung beim Lesen der Karte",
            "カード読取タイムアウト",
            "读卡超时",
        ],
    ),
    (
        "112",
        [
            "Código QR caducado",
            "Code QR expiré",
            "QR-Code abgelaufen",
            "QRコードの有効期限切れ",
            "二维码超时",
        ],
    ),
    (
        "113",
        [
            "Número de pedido duplicado",
            "Numéro de commande en double",
            "Doppelte Bestellnummer",
            "注文番号が重複しています",
            "商户订单号重复",
        ],
    ),
    (
        "114",
        [
            "Tipo de transacción no admitido",
            "Type de transaction non pris en charge",
            "Transaktionsart nicht unterstützt",
            "対応していない取引種別です",
            "不支持的交易类型",
        ],
    ),
    ("115", ["Rechazada", "Refusée", "Abgelehnt", "拒否されました", "被拒绝"]),
    (
        "116",
        [
            "Sesión no iniciada",
            "Non connecté",
            "Nicht angemeldet",
            "ログインしていません",
            "未登录",
        ],
    ),
    (
        "117",
        [
            "Modo de pago no admitido",
            "Mode de paiement non pris en charge",
            "Zahlungsart nicht unterstützt",
            "対応していない支払方法です",
            "不支持的支付场景",
        ],
    ),
    (
        "118",
        ["Token caducado", "Jeton expiré", "Token abgelaufen", "トークンの期限切れ", "令牌过期"],
    ),
    (
        "119",
        [
            "No se puede anular",
            "Annulation impossible",
            "Storno nicht möglich",
            "取消できません",
            "无法撤销",
        ],
    ),
    (
        "120",
        [
            "Importe fuera de límite",
            "Montant hors limite",
            "Betrag außerhalb des Limits",
            "金額が上限を超えています",
            "金额超限",
        ],
    ),
    (
        "121",
        [
            "Formato de importe incorrecto",
            "Format du montant incorrect",
            "Falsches Betragsformat",
            "金額の形式が正しくありません",
            "金额格式错误",
        ],
    ),
    (
        "201",
        [
            "No se pudo cerrar la transacción",
            "Échec de la clôture de la transaction",
            "Transaktion konnte nicht geschlossen werden",
            "取引を終了できませんでした",
            "关闭交易失败",
        ],
    ),
    (
        "202",
        [
            "Error en los parámetros",
            "Erreur de paramètre",
            "Parameterfehler",
            "パラメータエラー",
            "交易参数错误",
        ],
    ),
    (
        "999",
        ["Error desconocido", "Erreur inconnue", "Unbekannter Fehler", "不明なエラー", "未知错误"],
    ),
];

/// The texts behind the inner codes that matter most; the others have one text for all.
const INNER: [(&str, Translated); 8] = [
    (
        "K009",
        [
            "Excepción desconocida",
            "Exception inconnue",
            "Unbekannte Ausnahme",
            "不明な例外",
            "未知异常",
        ],
    ),
    (
        "K015",
        [
            "El registro no existe",
            "L'enregistrement n'existe pas",
            "Kein Eintrag vorhanden",
            "記録が存在しません",
            "交易记录不存在",
        ],
    ),
    (
        "K017",
        [
            "La transacción se está procesando",
            "Transaction en cours de traitement",
            "Transaktion wird noch verarbeitet",
            "取引を処理中です",
            "交易处理中",
        ],
    ),
    (
        "K026",
        [
            "Cancelado manualmente",
            "Annulé manuellement",
            "Von Hand abgebrochen",
            "手動でキャンセルされました",
            "手动取消",
        ],
    ),
    (
        "K027",
        [
            "Tiempo agotado, compruebe antes de cobrar de nuevo",
            "Délai dépassé, vérifiez avant de payer à nouveau",
            "Zeit abgelaufen, vor erneuter Zahlung prüfen",
            "時間切れです。再決済の前に確認してください",
            "交易超时，重新支付前请先查询",
        ],
    ),
    (
        "K036",
        [
            "Reversión automática correcta",
            "Annulation automatique réussie",
            "Automatische Stornierung erfolgreich",
            "自動取消に成功しました",
            "自动冲正成功",
        ],
    ),
    (
        "K037",
        [
            "Reversión automática fallida",
            "Échec de l'annulation automatique",
            "Automatische Stornierung fehlgeschlagen",
            "自動取消に失敗しました",
            "自动冲正失败",
        ],
    ),
    (
        "",
        [
            "Operación no posible",
            "Opération impossible",
            "Vorgang nicht möglich",
            "操作できません",
            "无法完成操作",
        ],
    ),
];

impl Language {
    /// A text of this response code, its words translated; details and codes in brackets stay.
    pub fn text(self, code: &str, english: &str) -> String {
        let meaning = codes::meaning(code);
        let Some(rest) = english.strip_prefix(meaning).filter(|_| !meaning.is_empty()) else {
            return english.to_owned();
        };
        let Some(words) = self.of(&MEANINGS, code, "999") else {
            return english.to_owned();
        };
        let bracketed = rest.strip_prefix("[[").and_then(|rest| rest.split_once(']'));
        match bracketed {
            Some((inner, _)) => {
                format!("{words}[[{inner}]{}]", self.of(&INNER, inner, "").unwrap_or("..."))
            }
            None => format!("{words}{rest}"),
        }
    }

    fn of(self, table: &[(&str, Translated)], key: &str, otherwise: &str) -> Option<&'static str> {
        let column = match self {
            Language::English => return None,
            Language::Spanish => 0,
            Language::French => 1,
            Language::German => 2,
            Language::Japanese => 3,
            Language::Chinese => 4,
        };
        let row = |wanted: &str| table.iter().find(|(key, _)| *key == wanted);
        row(key).or_else(|| row(otherwise)).map(|(_, words)| words[column])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_change_and_codes_stay() {
        let english = "Transaction failed[[K037]Automatic reversal failed]";
        assert_eq!(Language::English.text("106", english), english);
        assert_eq!(
            Language::Spanish.text("106", english),
            "Transacción fallida[[K037]Reversión automática fallida]"
        );
        assert_eq!(Language::Chinese.text("106", english), "交易失败[[K037]自动冲正失败]");
        assert_eq!(
            Language::German.text("202", "Transaction parameter error: topic is missing"),
            "Parameterfehler: topic is missing"
        );
        assert_eq!(Language::French.text("777", "Unknown error"), "Erreur inconnue");
        assert_eq!(Language::Japanese.text("000", ""), "");
    }

    #[test]
    fn every_documented_code_is_translated() {
        for code in 101..=202_u16 {
            let code = code.to_string();
            if codes::meaning(&code) != codes::meaning("999") {
                assert!(MEANINGS.iter().any(|(known, _)| *known == code), "{code}");
            }
        }
    }
}
