//! The pages about what people sign in with.

use dashboards::{
    ConfirmPage, FactorProblem, PasskeyRow, RecoveryCodesPage, SecondFactorPage, SecurityPage,
    Shell, TotpRow, TotpSetupPage,
};

use crate::fixtures::NOW;

const DAY_MS: i64 = 86_400_000;

pub(crate) fn second(shell: Shell, has_totp: bool) -> SecondFactorPage {
    let problem = has_totp.then_some(FactorProblem::WrongCode);
    let shell = Shell { user: None, ..shell };
    SecondFactorPage { shell, next: "/".to_owned(), has_totp, has_passkey: true, problem }
}

pub(crate) fn confirm(shell: Shell) -> ConfirmPage {
    ConfirmPage {
        shell,
        next: "/users".to_owned(),
        has_totp: true,
        has_passkey: true,
        is_federated: false,
        sign_on: None,
        problem: None,
    }
}

pub(crate) fn security(shell: Shell, is_set_up: bool) -> SecurityPage {
    let passkey = |id: &str, name: &str, used: Option<i64>| PasskeyRow {
        id: id.to_owned(),
        name: name.to_owned(),
        created_at: NOW.plus_millis(-40 * DAY_MS),
        last_used_at: used.map(|days| NOW.plus_millis(-days * DAY_MS)),
    };
    let totp = TotpRow { since: NOW.plus_millis(-40 * DAY_MS), last_used_at: Some(NOW) };
    let keys = vec![passkey("p1", "Laptop", Some(1)), passkey("p2", "YubiKey 5C", None)];
    SecurityPage {
        shell,
        email: "m.degroot@achterhoek.example".to_owned(),
        totp: is_set_up.then_some(totp),
        codes_left: if is_set_up { 2 } else { 0 },
        passkeys: if is_set_up { keys } else { Vec::new() },
        passkeys_work: true,
        is_required: true,
        problem: None,
        done: None,
        password_least: 12,
    }
}

pub(crate) fn totp(shell: Shell) -> TotpSetupPage {
    let seed = "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP".to_owned();
    let address = format!(
        "otpauth://totp/Padwacht:m.degroot@achterhoek.example?secret={}&issuer=Padwacht",
        seed.replace(' ', "")
    );
    TotpSetupPage { shell, address, seed, problem: None }
}

pub(crate) fn codes(shell: Shell) -> RecoveryCodesPage {
    let codes = (0..10).map(|n| format!("{n}k3v9-d7m2-xw{n}r-hj4q-8tza-{n}bce")).collect();
    RecoveryCodesPage { shell, codes, is_set_up: true }
}
