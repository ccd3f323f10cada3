//! What LINE's Messaging API answers.

use super::*;

pub(super) const LINE: &[ProviderCode] = table! { Line:
    400 => FAIL, ProviderRefused, You, false,
        "LINE found an error in the request" / "LINE's own words name the place; correct it and send again.",
        "LINE encontró un error en la petición" / "Las palabras de LINE dicen dónde; corrígelo y envía de nuevo.";
    400 "failed to send messages" => FAIL, RecipientUnreachable, Contact, false,
        "LINE does not know this contact on this account" / "The contact must add the account as a friend or write to it first.",
        "LINE no conoce a este contacto en esta cuenta" / "El contacto debe agregar la cuenta como amiga o escribirle primero.";
    401 => HOLD, CredentialsRefused, Admin, true,
        "LINE does not accept the channel access token" / "Issue a new one in the LINE Developers Console, set it with `chaski channel set`, then resume the channel.",
        "LINE no acepta el token de acceso del canal" / "Emite otro en la consola de LINE Developers, ponlo con `chaski channel set` y reanuda el canal.";
    403 => HOLD, CredentialsRefused, Admin, true,
        "The LINE account may not use this API" / "Check the account's plan in the LINE Official Account Manager, then resume the channel.",
        "La cuenta de LINE no puede usar esta API" / "Revisa el plan de la cuenta en LINE Official Account Manager y reanuda el canal.";
    404 => HOLD, ChannelHeld, Admin, true,
        "LINE has nothing at this address" / "Check base_url with `chaski channel set`, then resume the channel.",
        "LINE no tiene nada en esta dirección" / "Revisa base_url con `chaski channel set` y reanuda el canal.";
    413 => FAIL, ProviderRefused, You, false,
        "The message is larger than LINE takes" / "Send at most 2 MB in one payload.",
        "El mensaje es más grande de lo que LINE acepta" / "Envía como máximo 2 MB en un payload.";
    415 => FAIL, ProviderRefused, You, false,
        "LINE does not take this type of file" / "Send JPEG, PNG, MP4, MP3 or M4A.",
        "LINE no admite este tipo de archivo" / "Envía JPEG, PNG, MP4, MP3 o M4A.";
    429 => SLOW_CHANNEL, ProviderThrottled, Nobody, true,
        "LINE limits the rate" / "Nothing to do: Chaski slows down and retries by itself.",
        "LINE limita el ritmo" / "No hagas nada: Chaski va más despacio y reintenta solo.";
    429 "monthly limit" => HOLD, ChannelHeld, Admin, true,
        "The messages of this month's LINE plan are used up" / "Change the plan in the LINE Official Account Manager or wait for the next month, then resume the channel; its messages wait.",
        "Se agotaron los mensajes del plan de LINE de este mes" / "Cambia el plan en LINE Official Account Manager o espera al mes siguiente y reanuda el canal; sus mensajes esperan.";
    500 => RETRY, ProviderUnavailable, Nobody, true,
        "LINE has a fault" / "Nothing to do: Chaski repeats the call by its key, so that the contact gets it once.",
        "LINE tiene una falla" / "No hagas nada: Chaski repite la llamada con su clave, así el contacto lo recibe una sola vez.";
};
