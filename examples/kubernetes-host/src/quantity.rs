//! Quantities as Kubernetes writes them: `250m`, `1.5`, `128Mi`, `1e3`.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

/// The suffixes of quantities and what they stand for. Longer ones first where one ends in another.
const SUFFIXES: [(&str, f64); 14] = [
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("Ei", 1_152_921_504_606_846_976.0),
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
];

/// The number that a quantity stands for; `None` where it is none, or negative.
pub(crate) fn value_of(quantity: &Quantity) -> Option<f64> {
    let text = quantity.0.trim();
    let (digits, factor) = SUFFIXES
        .iter()
        .find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, *factor)))
        .unwrap_or((text, 1.0));
    let value = digits.parse::<f64>().ok()? * factor;
    (value.is_finite() && value >= 0.0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_as_numbers() {
        for (text, value) in [
            ("250m", 0.25),
            ("2", 2.0),
            ("1.5", 1.5),
            ("0", 0.0),
            ("1500000000n", 1.5),
            ("128Mi", 134_217_728.0),
            ("2k", 2000.0),
            ("1e3", 1000.0),
        ] {
            let read = value_of(&Quantity(text.to_owned())).unwrap();
            assert!((read - value).abs() < 1e-9 * value.max(1.0), "{text}: {read}");
        }
        for text in ["", "m", "x", "-1", "NaN", "inf", "1e400"] {
            assert_eq!(value_of(&Quantity(text.to_owned())), None, "{text}");
        }
    }
}
