//! What 360dialog answers besides Meta's own codes.

use super::*;

pub(super) const DIALOG360: &[ProviderCode] = table! { Dialog360:
    400 => FAIL, ProviderRefused, You, false,
        "360dialog did not accept the request" / "360dialog's own words say why; correct it and send again.",
        "360dialog no aceptó la petición" / "Las palabras de 360dialog dicen por qué; corrígelo y envía de nuevo.";
    400 "disabled" => HOLD, ChannelHeld, Admin, true,
        "360dialog has disabled the number" / "Settle it with 360dialog, then resume the channel.",
        "360dialog desactivó el número" / "Resuélvelo con 360dialog y reanuda el canal.";
    400 "rate limit" => SLOW_CHANNEL, ProviderThrottled, Nobody, true,
        "360dialog limits how often this may be called" / "Nothing to do: Chaski slows down and retries by itself.",
        "360dialog limita cuántas veces se puede llamar a esto" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    400 "lack of payment" => HOLD, ChannelHeld, Admin, true,
        "There is an unpaid invoice at 360dialog" / "Pay it, then resume the channel.",
        "Hay una factura pendiente en 360dialog" / "Págala y reanuda el canal.";
    401 => HOLD, CredentialsRefused, Admin, true,
        "360dialog does not accept the API key" / "Make a new key in the 360dialog Hub, then resume the channel.",
        "360dialog no acepta la clave de API" / "Crea otra clave en el Hub de 360dialog y reanuda el canal.";
    403 => HOLD, ChannelHeld, Admin, true,
        "360dialog has blocked this for the number" / "Settle it with 360dialog, then resume the channel.",
        "360dialog bloqueó esta función para el número" / "Resuélvelo con 360dialog y reanuda el canal.";
    404 => FAIL, ProviderRefused, Admin, false,
        "360dialog does not know what was asked for" / "Check the channel's base_url.",
        "360dialog no conoce lo que se le pidió" / "Revisa la base_url del canal.";
    429 => SLOW_CHANNEL, ProviderThrottled, Nobody, true,
        "360dialog limits the rate" / "Nothing to do: Chaski slows down and retries by itself.",
        "360dialog limita el ritmo" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    500 => RETRY, ProviderUnavailable, Nobody, true,
        "Something went wrong at 360dialog" / "Nothing to do: Chaski retries by itself.",
        "Algo falló en 360dialog" / "No hagas nada: Chaski reintenta solo.";
    502 => RETRY, ProviderUnavailable, Nobody, true,
        "360dialog does not reach WhatsApp" / "Nothing to do: Chaski retries by itself.",
        "360dialog no logra comunicarse con WhatsApp" / "No hagas nada: Chaski reintenta solo.";
};
