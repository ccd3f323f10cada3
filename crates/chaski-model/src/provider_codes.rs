//! The providers' own error codes, as data: what each means, what Chaski does, who can act.
//!
//! One table serves the adapters (what to do with a refusal), the inbox (the code in words) and
//! `chaski explain`. The actions follow each provider's own documentation; where an adapter knows
//! more than the code (a lost answer, a text that tells two causes apart), the adapter decides.

use crate::error_code::ErrorCode;
use crate::failure::Actor;

/// Whose codes they are. Numbers mean different things in different families.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Meta's Graph API: Cloud API, and 360dialog where it passes Meta's error through.
    Meta,
    /// Vonage's Messages API; below 1000 they are HTTP statuses.
    Vonage,
    /// 360dialog's own errors, which are HTTP statuses, some told apart by their text.
    Dialog360,
    /// Telegram's Bot API: HTTP statuses, told apart by words of the description.
    Telegram,
    /// Twilio's, whatever the channel.
    Twilio,
    /// Vonage's older SMS API: statuses under HTTP 200.
    VonageSms,
    /// Viber's own status numbers, which come under HTTP 200.
    Viber,
    /// LINE's Messaging API: HTTP statuses, some told apart by their text.
    Line,
    /// Messenger and Instagram at Meta's Graph API: the `error_subcode` where it says more, else the code.
    Messaging,
    /// SMTP's reply codes, told apart by their enhanced codes (RFC 3463), which stand in the text.
    Smtp,
}

impl Family {
    /// The provider's name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Meta => "Meta",
            Self::Vonage => "Vonage",
            Self::Dialog360 => "360dialog",
            Self::Telegram => "Telegram",
            Self::Twilio => "Twilio",
            Self::VonageSms => "Vonage SMS",
            Self::Viber => "Viber",
            Self::Line => "LINE",
            Self::Messaging => "Messenger and Instagram",
            Self::Smtp => "SMTP",
        }
    }
}

/// How far a request to slow down reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// This contact on this channel.
    Recipient,
    /// The channel.
    Channel,
    /// Every channel of the account.
    Account,
    /// The template.
    Template,
}

/// What is done with a part that was answered with a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Tried again, at most so often; `None` = until its time to live.
    Retry {
        /// The most tries.
        most: Option<u32>,
    },
    /// Slow down, then try again.
    Backoff(Reach),
    /// Refused for good.
    Fail,
    /// The channel is held until someone resumes it.
    Channel,
    /// The template cannot be used; the part fails.
    Template,
    /// Comes only with messages from a contact.
    Inbound,
}

/// One code.
#[derive(Debug, Clone, Copy)]
pub struct ProviderCode {
    /// Whose code it is.
    pub family: Family,
    /// The number; the first one of a range.
    pub code: i64,
    /// What is done.
    pub action: Action,
    /// Our own code for it.
    pub error: ErrorCode,
    /// Whose move it is.
    pub actor: Actor,
    /// Whether the same message can succeed later.
    pub retryable: bool,
    /// Words by which one of several causes with the same number is told; empty for the plain one.
    pub words: &'static str,
    /// English: what it means, and what to do.
    pub en: (&'static str, &'static str),
    /// Spanish: what it means, and what to do.
    pub es: (&'static str, &'static str),
}

impl ProviderCode {
    /// One English paragraph: what it means and what to do.
    pub fn sentence(&self) -> String {
        format!("{}. {}", self.en.0, self.en.1)
    }
}

/// Every row of the table, ranges by their first code.
pub fn all() -> impl Iterator<Item = &'static ProviderCode> {
    let others = VIBER.iter().chain(LINE).chain(twilio::TWILIO);
    let others = others.chain(vonage_sms::VONAGE_SMS).chain(messaging::MESSAGING).chain(smtp::SMTP);
    META.iter().chain(VONAGE).chain(DIALOG360).chain(TELEGRAM).chain(others)
}

/// What a code means.
pub fn find(family: Family, code: i64) -> Option<&'static ProviderCode> {
    let code = first_of_range(family, code);
    rows(family).iter().find(|row| row.code == code && row.words.is_empty())
}

/// What a code means together with the provider's words, where one number stands for several
/// causes.
pub fn find_by_words(family: Family, code: i64, words: &str) -> Option<&'static ProviderCode> {
    let words = words.to_lowercase();
    let told = rows(family)
        .iter()
        .find(|row| row.code == code && !row.words.is_empty() && words.contains(row.words));
    told.or_else(|| find(family, code))
}

fn rows(family: Family) -> &'static [ProviderCode] {
    match family {
        Family::Meta => META,
        Family::Vonage => VONAGE,
        Family::Dialog360 => DIALOG360,
        Family::Telegram => TELEGRAM,
        Family::Twilio => twilio::TWILIO,
        Family::VonageSms => vonage_sms::VONAGE_SMS,
        Family::Viber => VIBER,
        Family::Line => LINE,
        Family::Messaging => messaging::MESSAGING,
        Family::Smtp => smtp::SMTP,
    }
}

/// The providers document some codes only as ranges or groups that mean one thing.
fn first_of_range(family: Family, code: i64) -> i64 {
    match (family, code) {
        (Family::Meta, 200..=299) => 200,
        (Family::Meta, 139_000..=139_004) => 139_000,
        (Family::Meta, 2_388_072 | 2_388_073) => 2_388_047,
        (Family::Vonage, 1472..=1476) => 1470,
        (Family::Vonage, 1480..=1484) => 1480,
        (Family::Twilio, 21_701..=21_705) => 21_701,
        _ => code,
    }
}

const RETRY: Action = Action::Retry { most: None };
const RETRY_ONCE: Action = Action::Retry { most: Some(2) };
const RETRY_3: Action = Action::Retry { most: Some(3) };
const FAIL: Action = Action::Fail;
const HOLD: Action = Action::Channel;
const SLOW_CHANNEL: Action = Action::Backoff(Reach::Channel);
const SLOW_ACCOUNT: Action = Action::Backoff(Reach::Account);
const SLOW_CONTACT: Action = Action::Backoff(Reach::Recipient);
const SLOW_TEMPLATE: Action = Action::Backoff(Reach::Template);

macro_rules! table {
    ($family:ident: $($code:literal $($words:literal)? => $action:expr, $error:ident, $actor:ident, $retryable:literal,
        $en:literal / $en_fix:literal, $es:literal / $es_fix:literal;)*) => {
        &[$(ProviderCode {
            family: Family::$family,
            code: $code,
            action: $action,
            error: ErrorCode::$error,
            actor: Actor::$actor,
            retryable: $retryable,
            words: concat!($($words)?),
            en: ($en, $en_fix),
            es: ($es, $es_fix),
        },)*]
    };
}

mod messaging;
mod smtp;
mod twilio;
mod vonage_sms;

const META: &[ProviderCode] = table! { Meta:
    0 => HOLD, CredentialsRefused, Admin, true,
        "Meta does not accept the access token" / "Make a new token for the channel and resume it.",
        "Meta no acepta el token de acceso" / "Crea otro token para el canal y reanúdalo.";
    1 => RETRY_3, ProviderUnavailable, Nobody, true,
        "Meta answered with an unknown error" / "It may have arrived. Wait for its receipt before you send it again.",
        "Meta respondió con un error desconocido" / "Puede haber llegado. Espera su confirmación antes de reenviarlo.";
    2 => RETRY, ProviderUnavailable, Nobody, true,
        "Meta's service is down or overloaded" / "Nothing to do: Chaski retries by itself.",
        "El servicio de Meta está caído o saturado" / "No hagas nada: Chaski reintenta solo.";
    3 => HOLD, CredentialsRefused, Admin, true,
        "The Meta app lacks a capability or a permission" / "Grant the app its WhatsApp permissions, then resume the channel.",
        "A la aplicación de Meta le falta una capacidad o un permiso" / "Dale a la aplicación sus permisos de WhatsApp y reanuda el canal.";
    4 => SLOW_ACCOUNT, ProviderThrottled, Nobody, true,
        "The Meta app has made too many calls" / "Nothing to do: Chaski waits and retries by itself.",
        "La aplicación de Meta hizo demasiadas llamadas" / "No hagas nada: Chaski espera y reintenta solo.";
    10 => HOLD, CredentialsRefused, Admin, true,
        "Meta says that the app has no permission for this" / "Grant the permission again, then resume the channel.",
        "Meta dice que la aplicación no tiene permiso para esto" / "Vuelve a dar el permiso y reanuda el canal.";
    33 => HOLD, ChannelHeld, Admin, true,
        "The business phone number no longer exists at Meta" / "Connect the channel with a number that exists.",
        "El número de la empresa ya no existe en Meta" / "Conecta el canal con un número que exista.";
    100 => FAIL, ProviderRefused, You, false,
        "Meta did not accept a parameter" / "Meta's own words say which; correct it and send again.",
        "Meta no aceptó un parámetro" / "Las palabras de Meta dicen cuál; corrígelo y envía de nuevo.";
    190 => HOLD, CredentialsRefused, Admin, true,
        "The access token has expired" / "Make a new token for the channel and resume it.",
        "El token de acceso caducó" / "Crea otro token para el canal y reanúdalo.";
    200 => HOLD, CredentialsRefused, Admin, true,
        "Meta has not granted a permission, or has taken it away" / "Grant the permission again, then resume the channel.",
        "Meta no concedió un permiso o lo retiró" / "Vuelve a dar el permiso y reanuda el canal.";
    368 => HOLD, ChannelHeld, Admin, true,
        "Meta has blocked the account for a time over its policies" / "Look at the account's quality in the Business Manager, then resume the channel.",
        "Meta bloqueó la cuenta por un tiempo a causa de sus políticas" / "Revisa la calidad de la cuenta en el Business Manager y reanuda el canal.";
    613 => SLOW_ACCOUNT, ProviderThrottled, Nobody, true,
        "Meta limits how often this may be called" / "Nothing to do: Chaski waits and retries by itself.",
        "Meta limita cuántas veces se puede llamar a esto" / "No hagas nada: Chaski espera y reintenta solo.";
    80007 => SLOW_ACCOUNT, ProviderThrottled, Nobody, true,
        "The WhatsApp account has reached Meta's limit of calls" / "Nothing to do: Chaski waits and retries by itself.",
        "La cuenta de WhatsApp alcanzó el límite de llamadas de Meta" / "No hagas nada: Chaski espera y reintenta solo.";
    80008 => SLOW_ACCOUNT, ProviderThrottled, Nobody, true,
        "The WhatsApp account has reached Meta's management limit" / "Nothing to do: Chaski waits and retries by itself.",
        "La cuenta de WhatsApp alcanzó el límite de gestión de Meta" / "No hagas nada: Chaski espera y reintenta solo.";
    130429 => SLOW_CHANNEL, ProviderThrottled, Nobody, true,
        "The number sends faster than WhatsApp allows" / "Nothing to do: Chaski slows down and retries by itself.",
        "El número envía más rápido de lo que permite WhatsApp" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    130472 => FAIL, RecipientRefused, Nobody, false,
        "The contact is part of a WhatsApp experiment and gets no marketing messages" / "Nothing can be done; write when the contact has written to you.",
        "El contacto está en un experimento de WhatsApp y no recibe mensajes de marketing" / "No se puede hacer nada; escríbele cuando te haya escrito.";
    130497 => FAIL, RecipientRefused, Admin, false,
        "The account may not write to people in this country" / "Reach the contact on another channel.",
        "La cuenta no puede escribir a personas de este país" / "Contacta con la persona por otro canal.";
    131000 => RETRY_3, ProviderUnavailable, Nobody, true,
        "Something went wrong at WhatsApp" / "Chaski tries a few times; send it again later if it fails.",
        "Algo falló en WhatsApp" / "Chaski lo intenta varias veces; si falla, envíalo más tarde.";
    131005 => HOLD, CredentialsRefused, Admin, true,
        "WhatsApp denied access" / "Grant the app its WhatsApp permissions, then resume the channel.",
        "WhatsApp denegó el acceso" / "Dale a la aplicación sus permisos de WhatsApp y reanuda el canal.";
    131008 => FAIL, TemplateRefused, You, false,
        "A value is missing or empty" / "Give every variable and every button with a variable its value.",
        "Falta un valor o está vacío" / "Da un valor a cada variable y a cada botón con variable.";
    131009 => FAIL, ProviderRefused, You, false,
        "A value is not valid" / "WhatsApp's own words say which; correct it and send again.",
        "Un valor no es válido" / "Las palabras de WhatsApp dicen cuál; corrígelo y envía de nuevo.";
    131014 => FAIL, MediaUnreachable, You, false,
        "WhatsApp could not fetch the file" / "Give a link that opens in a browser without signing in.",
        "WhatsApp no pudo descargar el archivo" / "Usa un enlace que se abra en un navegador sin iniciar sesión.";
    131016 => RETRY, ProviderUnavailable, Nobody, true,
        "WhatsApp is not available for a moment" / "Nothing to do: Chaski retries by itself.",
        "WhatsApp no está disponible por un momento" / "No hagas nada: Chaski reintenta solo.";
    131021 => FAIL, RecipientUnreachable, You, false,
        "The contact's number is the channel's own number" / "Send to another number.",
        "El número del contacto es el del propio canal" / "Envía a otro número.";
    131026 => FAIL, RecipientUnreachable, Contact, false,
        "WhatsApp could not deliver it to this number" / "The contact may have no WhatsApp, an old version, or not have accepted its terms. Check the number, or use another channel.",
        "WhatsApp no pudo entregarlo a este número" / "Puede que el contacto no tenga WhatsApp, use una versión antigua o no haya aceptado las condiciones. Revisa el número o usa otro canal.";
    131030 => FAIL, RecipientRefused, Admin, false,
        "A test number may only write to numbers on its list" / "Add the contact's number to the list in the Meta app, or use a real number.",
        "Un número de prueba solo puede escribir a los números de su lista" / "Añade el número del contacto a la lista en la aplicación de Meta o usa un número real.";
    131031 => HOLD, ChannelHeld, Admin, true,
        "Meta has locked the account" / "Settle it in the Business Manager, then resume the channel.",
        "Meta bloqueó la cuenta" / "Resuélvelo en el Business Manager y reanuda el canal.";
    131037 => HOLD, ChannelHeld, Admin, true,
        "The number's display name is not approved yet" / "Have the display name approved, then resume the channel.",
        "El nombre visible del número aún no está aprobado" / "Consigue que aprueben el nombre y reanuda el canal.";
    131042 => HOLD, ChannelHeld, Admin, true,
        "There is a problem with the account's payment" / "Set up the payment in the Business Manager, then resume the channel.",
        "Hay un problema con el pago de la cuenta" / "Configura el pago en el Business Manager y reanuda el canal.";
    131044 => HOLD, ChannelHeld, Admin, true,
        "There is a problem with the account's payment for calls" / "Set up the payment in the Business Manager, then resume the channel.",
        "Hay un problema con el pago de las llamadas de la cuenta" / "Configura el pago en el Business Manager y reanuda el canal.";
    131045 => HOLD, ChannelHeld, Admin, true,
        "The number is not registered correctly at WhatsApp" / "Register the number again, then resume the channel.",
        "El número no está bien registrado en WhatsApp" / "Registra de nuevo el número y reanuda el canal.";
    131047 => FAIL, WindowClosed, You, false,
        "WhatsApp refused it: 24 hours have passed since the contact's last message" / "Send an approved template, or wait until the contact writes.",
        "WhatsApp lo rechazó: pasaron 24 horas desde el último mensaje del contacto" / "Envía una plantilla aprobada o espera a que el contacto escriba.";
    131048 => SLOW_CHANNEL, ProviderThrottled, Admin, true,
        "WhatsApp limits the number because people blocked or reported it" / "Send less and only what people want; Chaski goes on slowly by itself.",
        "WhatsApp limita el número porque hubo bloqueos o denuncias" / "Envía menos y solo lo que la gente quiere; Chaski sigue despacio por sí solo.";
    131049 => FAIL, RecipientRefused, Nobody, false,
        "WhatsApp chose not to deliver this marketing message" / "Do not send it again within 24 hours; the contact has had enough of them for now.",
        "WhatsApp decidió no entregar este mensaje de marketing" / "No lo reenvíes en 24 horas; el contacto ya recibió bastantes por ahora.";
    131050 => FAIL, RecipientRefused, Contact, false,
        "The contact does not want marketing messages from you" / "Respect it; only the contact can change it.",
        "El contacto no quiere recibir tus mensajes de marketing" / "Respétalo; solo el contacto puede cambiarlo.";
    131051 => FAIL, NotSupported, You, false,
        "WhatsApp does not support this type of message" / "Send it as another type.",
        "WhatsApp no admite este tipo de mensaje" / "Envíalo como otro tipo.";
    131052 => Action::Inbound, MediaUnreachable, Contact, false,
        "WhatsApp could not fetch the contact's file" / "Ask the contact to send it again.",
        "WhatsApp no pudo descargar el archivo del contacto" / "Pide al contacto que lo envíe otra vez.";
    131053 => RETRY_ONCE, MediaUnreachable, You, false,
        "WhatsApp could not fetch the file or does not take its type" / "Check that the link opens in a browser and that its type and size are allowed.",
        "WhatsApp no pudo descargar el archivo o no admite su tipo" / "Comprueba que el enlace se abre en un navegador y que se admiten su tipo y tamaño.";
    131055 => FAIL, NotSupported, You, false,
        "This API takes only marketing templates" / "Send it through a channel with the normal API.",
        "Esta API solo admite plantillas de marketing" / "Envíalo por un canal con la API normal.";
    131056 => SLOW_CONTACT, ProviderThrottled, Nobody, true,
        "Too many messages went to this contact in a short time" / "Nothing to do: Chaski waits and retries by itself.",
        "Se enviaron demasiados mensajes a este contacto en poco tiempo" / "No hagas nada: Chaski espera y reintenta solo.";
    131057 => RETRY, ProviderUnavailable, Nobody, true,
        "Meta is upgrading the number" / "Nothing to do: Chaski retries by itself in a few minutes.",
        "Meta está ampliando el número" / "No hagas nada: Chaski reintenta solo en unos minutos.";
    131060 => Action::Inbound, ProviderUnavailable, Contact, false,
        "The contact's message is not available at WhatsApp" / "Ask the contact to send it again.",
        "El mensaje del contacto no está disponible en WhatsApp" / "Pide al contacto que lo envíe otra vez.";
    131062 => FAIL, NoAddress, You, false,
        "This message needs the contact's phone number" / "Add the contact's phone number; a user id is not enough for it.",
        "Este mensaje necesita el número de teléfono del contacto" / "Añade el teléfono del contacto; el id de usuario no basta.";
    131063 => HOLD, ChannelHeld, Admin, true,
        "Marketing templates are switched off for this account" / "Switch them on in the Business Manager, then resume the channel.",
        "Las plantillas de marketing están desactivadas en esta cuenta" / "Actívalas en el Business Manager y reanuda el canal.";
    131064 => SLOW_ACCOUNT, ProviderThrottled, Admin, true,
        "Meta limits the account because templates were in the wrong category" / "Correct the templates' categories; Chaski goes on slowly by itself.",
        "Meta limita la cuenta porque hubo plantillas en una categoría incorrecta" / "Corrige las categorías; Chaski sigue despacio por sí solo.";
    132000 => FAIL, TemplateRefused, You, false,
        "The number of values does not match the template" / "Give exactly one value for each variable.",
        "La cantidad de valores no coincide con la plantilla" / "Da exactamente un valor para cada variable.";
    132001 => FAIL, TemplateUnavailable, Admin, false,
        "The template does not exist in this language, or is not approved" / "Use an approved template and one of its languages.",
        "La plantilla no existe en este idioma o no está aprobada" / "Usa una plantilla aprobada y uno de sus idiomas.";
    132005 => FAIL, TemplateRefused, You, false,
        "The text is too long once the values are filled in" / "Shorten the values.",
        "El texto queda demasiado largo con los valores puestos" / "Acorta los valores.";
    132007 => FAIL, TemplateRefused, You, false,
        "The template breaks WhatsApp's rules on characters" / "Correct the values, or have another template approved.",
        "La plantilla incumple las reglas de caracteres de WhatsApp" / "Corrige los valores o haz que aprueben otra plantilla.";
    132008 => FAIL, TemplateRefused, You, false,
        "A value is not written as the template wants it" / "Correct the value that WhatsApp's own words name.",
        "Un valor no está escrito como pide la plantilla" / "Corrige el valor que indican las palabras de WhatsApp.";
    132012 => FAIL, TemplateRefused, You, false,
        "A value is not of the kind that the template wants" / "Give the header the media it was approved with, and texts for the variables.",
        "Un valor no es del tipo que pide la plantilla" / "Da al encabezado el archivo con que se aprobó y textos a las variables.";
    132015 => Action::Template, TemplateUnavailable, Admin, true,
        "WhatsApp has paused the template for its low quality" / "Use another template, or wait until WhatsApp lets it go on.",
        "WhatsApp pausó la plantilla por su baja calidad" / "Usa otra plantilla o espera a que WhatsApp la reactive.";
    132016 => Action::Template, TemplateUnavailable, Admin, false,
        "WhatsApp has disabled the template for good" / "Use another template.",
        "WhatsApp desactivó la plantilla para siempre" / "Usa otra plantilla.";
    132018 => FAIL, TemplateRefused, You, false,
        "A value has line breaks, tabs or many spaces" / "Write the value in one line with single spaces.",
        "Un valor tiene saltos de línea, tabulaciones o muchos espacios" / "Escribe el valor en una línea con espacios simples.";
    132068 => FAIL, TemplateRefused, Admin, false,
        "The template's flow is blocked" / "Correct the flow in the Business Manager, or use another template.",
        "El flujo de la plantilla está bloqueado" / "Corrige el flujo en el Business Manager o usa otra plantilla.";
    132069 => SLOW_TEMPLATE, ProviderThrottled, Admin, true,
        "The template's flow may go out only ten times an hour" / "Correct the flow in the Business Manager; Chaski goes on slowly by itself.",
        "El flujo de la plantilla solo puede salir diez veces por hora" / "Corrige el flujo en el Business Manager; Chaski sigue despacio por sí solo.";
    133000 => HOLD, ChannelHeld, Admin, true,
        "The number was not removed completely from WhatsApp" / "Deregister it again, then register it and resume the channel.",
        "El número no se dio de baja por completo en WhatsApp" / "Dalo de baja otra vez, regístralo y reanuda el canal.";
    133004 => RETRY, ProviderUnavailable, Nobody, true,
        "WhatsApp's server is not available for a moment" / "Nothing to do: Chaski retries by itself.",
        "El servidor de WhatsApp no está disponible por un momento" / "No hagas nada: Chaski reintenta solo.";
    133005 => HOLD, ChannelHeld, Admin, true,
        "The number's two-step PIN is wrong" / "Set the PIN in the Business Manager, then resume the channel.",
        "El PIN de verificación en dos pasos no es correcto" / "Define el PIN en el Business Manager y reanuda el canal.";
    133006 => HOLD, ChannelHeld, Admin, true,
        "The number must be verified again" / "Verify it in the Business Manager, then resume the channel.",
        "Hay que verificar de nuevo el número" / "Verifícalo en el Business Manager y reanuda el canal.";
    133008 => HOLD, ChannelHeld, Admin, true,
        "The two-step PIN was wrong too often" / "Wait as long as WhatsApp says, then set it and resume the channel.",
        "El PIN se escribió mal demasiadas veces" / "Espera lo que diga WhatsApp, defínelo y reanuda el canal.";
    133009 => HOLD, ChannelHeld, Admin, true,
        "The two-step PIN was tried too fast" / "Wait a little, then set it and resume the channel.",
        "El PIN se intentó demasiado rápido" / "Espera un poco, defínelo y reanuda el canal.";
    133010 => HOLD, ChannelHeld, Admin, true,
        "The number is not registered at WhatsApp" / "Register the number, then resume the channel.",
        "El número no está registrado en WhatsApp" / "Registra el número y reanuda el canal.";
    133015 => HOLD, ChannelHeld, Admin, true,
        "The number was deleted a moment ago" / "Wait five minutes, register it and resume the channel.",
        "El número se eliminó hace un momento" / "Espera cinco minutos, regístralo y reanuda el canal.";
    133016 => HOLD, ChannelHeld, Admin, true,
        "The number was registered and removed too often" / "Wait three days, then register it and resume the channel.",
        "El número se registró y se dio de baja demasiadas veces" / "Espera tres días, regístralo y reanuda el canal.";
    134011 => HOLD, ChannelHeld, Admin, true,
        "WhatsApp Payments' terms are not accepted" / "Accept them in the Business Manager, then resume the channel.",
        "Las condiciones de WhatsApp Payments no están aceptadas" / "Acéptalas en el Business Manager y reanuda el canal.";
    134100 => FAIL, NotSupported, You, false,
        "Only marketing messages can go this way" / "Send it through a channel with the normal API.",
        "Por aquí solo pueden ir mensajes de marketing" / "Envíalo por un canal con la API normal.";
    134101 => RETRY, ProviderUnavailable, Nobody, true,
        "Meta is still copying the template" / "Nothing to do: Chaski retries by itself in ten minutes.",
        "Meta aún está copiando la plantilla" / "No hagas nada: Chaski reintenta solo en diez minutos.";
    134102 => FAIL, TemplateUnavailable, Admin, false,
        "The template cannot be used for marketing messages" / "Use another template.",
        "La plantilla no se puede usar para mensajes de marketing" / "Usa otra plantilla.";
    135000 => FAIL, ProviderRefused, You, false,
        "WhatsApp found a fault in the request" / "WhatsApp's own words may say which; correct it and send again.",
        "WhatsApp encontró un error en la petición" / "Las palabras de WhatsApp pueden decir cuál; corrígelo y envía de nuevo.";
    137000 => FAIL, ProviderRefused, You, false,
        "The contact's identity has changed" / "Confirm the contact's new identity, then send again.",
        "La identidad del contacto cambió" / "Confirma la nueva identidad del contacto y envía de nuevo.";
    139000 => FAIL, ProviderRefused, Admin, false,
        "Meta refused the flow" / "Correct the flow in the Business Manager.",
        "Meta rechazó el flujo" / "Corrige el flujo en el Business Manager.";
    2388019 => FAIL, ProviderRefused, Admin, false,
        "The account has as many templates as it may have" / "Delete templates that nobody uses.",
        "La cuenta ya tiene todas las plantillas que puede tener" / "Borra las plantillas que nadie usa.";
    2388040 => FAIL, ProviderRefused, Admin, false,
        "A part of the template is too long" / "Shorten it and submit it again.",
        "Una parte de la plantilla es demasiado larga" / "Acórtala y envíala de nuevo a revisión.";
    2388047 => FAIL, ProviderRefused, Admin, false,
        "The template's header, body or footer is not well formed" / "Correct it and submit it again.",
        "El encabezado, el cuerpo o el pie de la plantilla no está bien formado" / "Corrígelo y envíala de nuevo a revisión.";
    2388293 => FAIL, ProviderRefused, Admin, false,
        "The template has too many variables for so little text" / "Write more text, or use fewer variables.",
        "La plantilla tiene demasiadas variables para tan poco texto" / "Escribe más texto o usa menos variables.";
    2388299 => FAIL, ProviderRefused, Admin, false,
        "A template may not begin or end with a variable" / "Put text before and after it.",
        "Una plantilla no puede empezar ni terminar con una variable" / "Pon texto antes y después.";
    2494100 => RETRY, ProviderUnavailable, Nobody, true,
        "Meta is maintaining the number" / "Nothing to do: Chaski retries by itself in a few minutes.",
        "Meta está dando mantenimiento al número" / "No hagas nada: Chaski reintenta solo en unos minutos.";
};

const VONAGE: &[ProviderCode] = table! { Vonage:
    401 => HOLD, CredentialsRefused, Admin, true,
        "Vonage does not accept the credentials" / "Check the application id and its private key, then resume the channel.",
        "Vonage no acepta las credenciales" / "Revisa el id de la aplicación y su clave privada, y reanuda el canal.";
    402 => HOLD, ChannelHeld, Admin, true,
        "The Vonage account's balance is too low" / "Top it up, then resume the channel.",
        "El saldo de la cuenta de Vonage es demasiado bajo" / "Recárgalo y reanuda el canal.";
    404 => FAIL, ProviderRefused, Admin, false,
        "Vonage does not know what was asked for" / "Check the channel's base_url and account ids.",
        "Vonage no conoce lo que se le pidió" / "Revisa la base_url y los ids de cuenta del canal.";
    422 => FAIL, ProviderRefused, You, false,
        "Vonage did not accept the request" / "Vonage's own words say why; correct it and send again.",
        "Vonage no aceptó la petición" / "Las palabras de Vonage dicen por qué; corrígelo y envía de nuevo.";
    429 => SLOW_ACCOUNT, ProviderThrottled, Nobody, true,
        "The Vonage account sends faster than it may" / "Nothing to do: Chaski slows down and retries by itself.",
        "La cuenta de Vonage envía más rápido de lo permitido" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    500 => RETRY, ProviderUnavailable, Nobody, true,
        "Something went wrong at Vonage" / "Nothing to do: Chaski retries by itself.",
        "Algo falló en Vonage" / "No hagas nada: Chaski reintenta solo.";
    1000 => SLOW_ACCOUNT, ProviderThrottled, Nobody, true,
        "The Vonage account sends faster than it may" / "Nothing to do: Chaski slows down and retries by itself.",
        "La cuenta de Vonage envía más rápido de lo permitido" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    1010 => FAIL, ProviderRefused, You, false,
        "A parameter is missing" / "Vonage's own words say which; add it and send again.",
        "Falta un parámetro" / "Las palabras de Vonage dicen cuál; añádelo y envía de nuevo.";
    1020 => FAIL, ProviderRefused, You, false,
        "A parameter is not valid" / "Vonage's own words say which; correct it and send again.",
        "Un parámetro no es válido" / "Las palabras de Vonage dicen cuál; corrígelo y envía de nuevo.";
    1021 => FAIL, ProviderRefused, You, false,
        "The message tag is not valid" / "Leave the tag out, or use a valid one.",
        "La etiqueta del mensaje no es válida" / "Quita la etiqueta o usa una válida.";
    1022 => FAIL, TemplateRefused, You, false,
        "The template or its values were refused" / "Check the template's name, language and number of values.",
        "Se rechazó la plantilla o sus valores" / "Revisa el nombre, el idioma y la cantidad de valores de la plantilla.";
    1030 => RETRY, ProviderUnavailable, Nobody, true,
        "Something went wrong at Vonage" / "Nothing to do: Chaski retries by itself.",
        "Algo falló en Vonage" / "No hagas nada: Chaski reintenta solo.";
    1040 => FAIL, RecipientUnreachable, You, false,
        "Vonage cannot process this message" / "Check the number's country code and the message's content.",
        "Vonage no puede procesar este mensaje" / "Revisa el prefijo del país y el contenido del mensaje.";
    1050 => FAIL, RecipientRefused, Contact, false,
        "The contact's number is barred" / "Use another number or channel.",
        "El número del contacto está vetado" / "Usa otro número u otro canal.";
    1060 => HOLD, ChannelHeld, Admin, true,
        "The Vonage account is barred" / "Ask Vonage why, then resume the channel.",
        "La cuenta de Vonage está vetada" / "Pregunta a Vonage por qué y reanuda el canal.";
    1070 => SLOW_ACCOUNT, ProviderThrottled, Admin, true,
        "The account's quota at the provider is used up" / "Ask Vonage for more; Chaski goes on slowly by itself.",
        "Se agotó la cuota de la cuenta en el proveedor" / "Pide más a Vonage; Chaski sigue despacio por sí solo.";
    1080 => HOLD, ChannelHeld, Admin, true,
        "The Vonage account may not use this API" / "Have it enabled at Vonage, then resume the channel.",
        "La cuenta de Vonage no puede usar esta API" / "Haz que la habiliten en Vonage y reanuda el canal.";
    1090 => FAIL, TextTooLong, You, false,
        "The message is too long" / "Shorten it, or send it as several messages.",
        "El mensaje es demasiado largo" / "Acórtalo o envíalo en varios mensajes.";
    1100 => RETRY, ProviderUnavailable, Nobody, true,
        "The message did not get through to the network" / "Nothing to do: Chaski retries by itself.",
        "El mensaje no llegó a la red" / "No hagas nada: Chaski reintenta solo.";
    1120 => HOLD, ChannelHeld, Admin, true,
        "The sender is not allowed" / "Check the channel's `from` number, then resume the channel.",
        "El remitente no está permitido" / "Revisa el número `from` del canal y reanúdalo.";
    1130 => FAIL, ProviderRefused, You, false,
        "The time to live is not valid" / "Use a time that Vonage allows.",
        "El tiempo de vida no es válido" / "Usa un tiempo que Vonage permita.";
    1140 => HOLD, ChannelHeld, Admin, true,
        "The Vonage account may not do this" / "Have it enabled at Vonage, then resume the channel.",
        "La cuenta de Vonage no puede hacer esto" / "Haz que lo habiliten en Vonage y reanuda el canal.";
    1150 => FAIL, ProviderRefused, You, false,
        "The message class is not valid" / "Send it without a message class.",
        "La clase de mensaje no es válida" / "Envíalo sin clase de mensaje.";
    1160 => FAIL, RecipientRefused, Admin, false,
        "A trial account may only write to numbers on its list" / "Add the number at Vonage, or leave the trial.",
        "Una cuenta de prueba solo puede escribir a los números de su lista" / "Añade el número en Vonage o deja el periodo de prueba.";
    1170 => FAIL, RecipientUnreachable, You, false,
        "The contact's number is not valid" / "Correct the number.",
        "El número del contacto no es válido" / "Corrige el número.";
    1180 => RETRY, ProviderUnavailable, Nobody, true,
        "The contact cannot be reached for a moment" / "Nothing to do: Chaski retries by itself.",
        "No se puede alcanzar al contacto por un momento" / "No hagas nada: Chaski reintenta solo.";
    1190 => FAIL, RecipientUnreachable, Contact, false,
        "The contact's number is no longer in use" / "Ask the contact for another number.",
        "El número del contacto ya no está en uso" / "Pide otro número al contacto.";
    1200 => FAIL, RecipientUnreachable, Nobody, false,
        "The number has moved to a network that cannot be reached" / "Use another channel.",
        "El número pasó a una red que no se puede alcanzar" / "Usa otro canal.";
    1210 => FAIL, ProviderRefused, You, false,
        "It was taken for spam" / "Change the text, and write only to people who want it.",
        "Se tomó por correo no deseado" / "Cambia el texto y escribe solo a quien lo quiere.";
    1220 => RETRY, ProviderUnavailable, Nobody, true,
        "The contact's phone is busy" / "Nothing to do: Chaski retries by itself.",
        "El teléfono del contacto está ocupado" / "No hagas nada: Chaski reintenta solo.";
    1230 => RETRY, ProviderUnavailable, Nobody, true,
        "The network has a fault for a moment" / "Nothing to do: Chaski retries by itself.",
        "La red tiene un fallo momentáneo" / "No hagas nada: Chaski reintenta solo.";
    1240 => FAIL, RecipientRefused, Contact, false,
        "The contact does not want messages from you" / "Respect it; only the contact can change it.",
        "El contacto no quiere recibir tus mensajes" / "Respétalo; solo el contacto puede cambiarlo.";
    1241 => SLOW_ACCOUNT, ProviderThrottled, Nobody, true,
        "Too many messages at once" / "Nothing to do: Chaski slows down and retries by itself.",
        "Demasiados mensajes a la vez" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    1242 => HOLD, ChannelHeld, Admin, true,
        "The number pool does not exist" / "Check the channel's sender, then resume the channel.",
        "El grupo de números no existe" / "Revisa el remitente del canal y reanúdalo.";
    1250 => FAIL, RecipientUnreachable, Nobody, false,
        "There is no way to this number" / "Use another channel.",
        "No hay ruta hacia este número" / "Usa otro canal.";
    1251 => FAIL, RecipientUnreachable, Nobody, false,
        "Vonage cannot reach this number" / "Use another channel.",
        "Vonage no puede llegar a este número" / "Usa otro canal.";
    1260 => FAIL, RecipientUnreachable, Contact, false,
        "The contact cannot be reached" / "Check the number, or use another channel.",
        "No se puede alcanzar al contacto" / "Revisa el número o usa otro canal.";
    1270 => FAIL, RecipientRefused, Contact, false,
        "The contact's age does not allow it" / "Do not send it to this contact.",
        "La edad del contacto no lo permite" / "No lo envíes a este contacto.";
    1280 => FAIL, RecipientRefused, Nobody, false,
        "The carrier blocked it" / "Use another channel, or ask Vonage why.",
        "El operador lo bloqueó" / "Usa otro canal o pregunta a Vonage por qué.";
    1282 => FAIL, ProviderRefused, You, false,
        "WhatsApp rejected the message's content" / "Change the content, or use an approved template.",
        "WhatsApp rechazó el contenido del mensaje" / "Cambia el contenido o usa una plantilla aprobada.";
    1290 => FAIL, RecipientUnreachable, Contact, false,
        "The contact's pre-paid credit is used up" / "Use another channel.",
        "Al contacto se le acabó el saldo" / "Usa otro canal.";
    1300 => FAIL, RecipientUnreachable, Contact, false,
        "This number has no WhatsApp" / "Check the number, or use another channel.",
        "Este número no tiene WhatsApp" / "Revisa el número o usa otro canal.";
    1310 => FAIL, RecipientUnreachable, Contact, false,
        "The contact's device cannot show it" / "Send it as plain text, or use another channel.",
        "El dispositivo del contacto no puede mostrarlo" / "Envíalo como texto simple o usa otro canal.";
    1320 => FAIL, ProviderRefused, Nobody, false,
        "Vonage says that this message was sent already" / "Nothing to do; look at the earlier one.",
        "Vonage dice que este mensaje ya se envió" / "No hagas nada; mira el anterior.";
    1330 => FAIL, ProviderRefused, Nobody, false,
        "It could not be delivered, for an unknown reason" / "Send it again later, or use another channel.",
        "No se pudo entregar por un motivo desconocido" / "Envíalo más tarde o usa otro canal.";
    1331 => RETRY, ProviderUnavailable, Nobody, true,
        "WhatsApp does not answer Vonage" / "Send it again in a few minutes if Chaski has not.",
        "WhatsApp no responde a Vonage" / "Reenvíalo en unos minutos si Chaski no lo ha hecho.";
    1340 => FAIL, WindowClosed, You, false,
        "WhatsApp refused it: 24 hours have passed since the contact's last message" / "Send an approved template, or wait until the contact writes.",
        "WhatsApp lo rechazó: pasaron 24 horas desde el último mensaje del contacto" / "Envía una plantilla aprobada o espera a que el contacto escriba.";
    1350 => HOLD, ChannelHeld, Admin, true,
        "The phone matching fee is not paid" / "Settle it with Vonage, then resume the channel.",
        "No se pagó la tarifa de identificación de números" / "Resuélvelo con Vonage y reanuda el canal.";
    1360 => FAIL, Expired, Nobody, false,
        "It expired before it could be delivered" / "Send it again if it still matters.",
        "Caducó antes de poder entregarse" / "Envíalo de nuevo si aún importa.";
    1370 => HOLD, CredentialsRefused, Admin, true,
        "Vonage's access to WhatsApp has expired" / "Connect the number again at Vonage, then resume the channel.",
        "Caducó el acceso de Vonage a WhatsApp" / "Vuelve a conectar el número en Vonage y reanuda el canal.";
    1380 => FAIL, MediaUnreachable, You, false,
        "The file could not be fetched" / "Give a link that opens in a browser without signing in.",
        "No se pudo descargar el archivo" / "Usa un enlace que se abra en un navegador sin iniciar sesión.";
    1381 => FAIL, MediaUnreachable, You, false,
        "The file is too large" / "Send a smaller one.",
        "El archivo es demasiado grande" / "Envía uno más pequeño.";
    1382 => FAIL, MediaUnreachable, You, false,
        "Files of this type are not taken" / "Send it as another type.",
        "No se admiten archivos de este tipo" / "Envíalo en otro formato.";
    1400 => FAIL, ProviderRefused, Admin, false,
        "Vonage does not support this channel" / "Check that the number is connected to WhatsApp at Vonage.",
        "Vonage no admite este canal" / "Comprueba que el número está conectado a WhatsApp en Vonage.";
    1410 => FAIL, ProviderRefused, You, false,
        "The parameters are not valid for this channel" / "Vonage's own words say which; correct them and send again.",
        "Los parámetros no son válidos para este canal" / "Las palabras de Vonage dicen cuáles; corrígelos y envía de nuevo.";
    1420 => HOLD, ChannelHeld, Admin, true,
        "The sender is not valid" / "Check the channel's `from` number, then resume the channel.",
        "El remitente no es válido" / "Revisa el número `from` del canal y reanúdalo.";
    1430 => FAIL, RecipientUnreachable, You, false,
        "The contact's number is not valid" / "Correct the number.",
        "El número del contacto no es válido" / "Corrige el número.";
    1431 => FAIL, ProviderRefused, You, false,
        "A message can have only one recipient" / "Send one message for each contact.",
        "Un mensaje solo puede tener un destinatario" / "Envía un mensaje a cada contacto.";
    1440 => FAIL, NotSupported, You, false,
        "This type of message is not supported" / "Send it as another type.",
        "No se admite este tipo de mensaje" / "Envíalo como otro tipo.";
    1450 => FAIL, ProviderRefused, You, false,
        "The client reference is not valid" / "Tell the administrator; Chaski makes it itself.",
        "La referencia del cliente no es válida" / "Avisa al administrador; Chaski la crea por sí mismo.";
    1451 => FAIL, ProviderRefused, You, false,
        "The message to be answered is not known" / "Send it without quoting.",
        "No se conoce el mensaje al que se responde" / "Envíalo sin citar.";
    1460 => SLOW_CHANNEL, ProviderThrottled, Admin, true,
        "The number has reached its daily limit" / "Nothing to do: Chaski goes on the next day.",
        "El número alcanzó su límite diario" / "No hagas nada: Chaski sigue al día siguiente.";
    1461 => FAIL, RecipientRefused, Nobody, false,
        "WhatsApp chose not to deliver this marketing message" / "Do not send it again within 24 hours; the contact has had enough of them for now.",
        "WhatsApp decidió no entregar este mensaje de marketing" / "No lo reenvíes en 24 horas; el contacto ya recibió bastantes por ahora.";
    1470 => FAIL, RecipientRefused, Admin, false,
        "Vonage's fraud protection blocked it" / "Look at Fraud Defender in the Vonage dashboard.",
        "La protección contra fraude de Vonage lo bloqueó" / "Revisa Fraud Defender en el panel de Vonage.";
    1480 => FAIL, ProviderRefused, Admin, false,
        "A filter required by law blocked it" / "Ask Vonage which rule it breaks.",
        "Un filtro exigido por la ley lo bloqueó" / "Pregunta a Vonage qué norma incumple.";
};

const DIALOG360: &[ProviderCode] = table! { Dialog360:
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

const TELEGRAM: &[ProviderCode] = table! { Telegram:
    400 => FAIL, ProviderRefused, You, false,
        "Telegram did not accept the request" / "Telegram's own words say why; correct it and send again.",
        "Telegram no aceptó la petición" / "Las palabras de Telegram dicen por qué; corrígelo y envía de nuevo.";
    400 "chat not found" => FAIL, RecipientUnreachable, Contact, false,
        "Telegram does not know this chat, or the bot is not in it" / "The contact must write to the bot first; a bot cannot begin a conversation.",
        "Telegram no conoce este chat o el bot no está en él" / "El contacto debe escribir primero al bot; un bot no puede iniciar la conversación.";
    400 "message is too long" => FAIL, TextTooLong, You, false,
        "The text is longer than Telegram takes" / "Send at most 4096 characters, 1024 under a file.",
        "El texto es más largo de lo que Telegram acepta" / "Envía como máximo 4096 caracteres, 1024 bajo un archivo.";
    400 "message text is empty" => FAIL, ProviderRefused, You, false,
        "The text is empty to Telegram" / "Write something beside spaces and formatting.",
        "Para Telegram el texto está vacío" / "Escribe algo además de espacios y formato.";
    400 "can't parse entities" => FAIL, ProviderRefused, You, false,
        "Telegram cannot read the text's formatting" / "Close every tag and escape the signs that parse_mode uses, then send again.",
        "Telegram no entiende el formato del texto" / "Cierra cada etiqueta y escapa los signos que usa parse_mode; luego envía de nuevo.";
    400 "wrong file identifier" => FAIL, MediaLinkInvalid, You, false,
        "Telegram does not take the link or id of the file" / "Give a public https link that leads to the file itself.",
        "Telegram no acepta el enlace o el id del archivo" / "Da un enlace https público que lleve al archivo mismo.";
    400 "failed to get http url content" => FAIL, MediaUnreachable, You, false,
        "Telegram could not fetch the file from its link" / "Check that the link is public and within Telegram's sizes: 5 MB for a photo, 20 MB else.",
        "Telegram no pudo descargar el archivo de su enlace" / "Revisa que el enlace sea público y respete los tamaños de Telegram: 5 MB una foto, 20 MB lo demás.";
    400 "wrong type of the web page content" => FAIL, MediaUnreachable, You, false,
        "The link leads to another type of file than Telegram expects" / "Link to the file itself, not to a page.",
        "El enlace lleva a otro tipo de archivo del que Telegram espera" / "Enlaza el archivo mismo y no una página.";
    400 "photo_invalid_dimensions" => FAIL, ProviderRefused, You, false,
        "The picture is too large for a photo of Telegram" / "Width and height together may be 10000 at most; make it smaller.",
        "La imagen es demasiado grande para una foto de Telegram" / "Ancho y alto juntos pueden sumar 10000 como máximo; redúcela.";
    400 "button_data_invalid" => FAIL, ProviderRefused, You, false,
        "A button's data is not valid to Telegram" / "`callback_data` may have 1 to 64 bytes; shorten it.",
        "Los datos de un botón no son válidos para Telegram" / "`callback_data` puede tener de 1 a 64 bytes; acórtalo.";
    401 => HOLD, CredentialsRefused, Admin, true,
        "Telegram does not accept the bot's token" / "Take the token from @BotFather, set it with `chaski channel set`, then resume the channel.",
        "Telegram no acepta el token del bot" / "Copia el token de @BotFather, ponlo con `chaski channel set` y reanuda el canal.";
    403 => FAIL, RecipientUnreachable, Contact, false,
        "The bot may not write to this chat" / "The contact must let the bot in or write to it first.",
        "El bot no puede escribir a este chat" / "El contacto debe admitir al bot o escribirle primero.";
    403 "bot was blocked" => FAIL, RecipientRefused, Contact, false,
        "The contact has blocked the bot" / "Respect it; when the contact unblocks the bot or writes again, messages go through.",
        "El contacto bloqueó al bot" / "Respétalo; cuando desbloquee al bot o vuelva a escribir, los mensajes llegarán.";
    403 "user is deactivated" => FAIL, RecipientUnreachable, Contact, false,
        "The contact's Telegram account no longer exists" / "Use another channel.",
        "La cuenta de Telegram del contacto ya no existe" / "Usa otro canal.";
    403 "bot was kicked" => FAIL, RecipientRefused, Contact, false,
        "The bot was taken out of the chat" / "Have it added again, or use another channel.",
        "Sacaron al bot del chat" / "Pide que lo agreguen de nuevo o usa otro canal.";
    403 "can't initiate" => FAIL, RecipientUnreachable, Contact, false,
        "The contact has not written to the bot yet" / "Give it the bot's link; a bot cannot begin a conversation.",
        "El contacto todavía no ha escrito al bot" / "Dale el enlace del bot; un bot no puede iniciar la conversación.";
    403 "bots can't send messages to bots" => FAIL, RecipientUnreachable, You, false,
        "The contact is a bot, and bots do not write to each other" / "Send to a person.",
        "El contacto es un bot, y los bots no se escriben entre sí" / "Envía a una persona.";
    404 => HOLD, CredentialsRefused, Admin, true,
        "Telegram does not know the bot's token" / "Check the token and base_url with `chaski channel set`, then resume the channel.",
        "Telegram no conoce el token del bot" / "Revisa el token y base_url con `chaski channel set` y reanuda el canal.";
    409 => HOLD, ChannelHeld, Admin, true,
        "Another program uses the same bot" / "Stop it or give it a bot of its own, then resume the channel.",
        "Otro programa usa el mismo bot" / "Detenlo o dale un bot propio y reanuda el canal.";
    429 => SLOW_CHANNEL, ProviderThrottled, Nobody, true,
        "Telegram limits the rate" / "Nothing to do: Chaski waits as long as Telegram asks and retries by itself.",
        "Telegram limita el ritmo" / "No hagas nada: Chaski espera lo que Telegram pide y reintenta solo.";
    500 => RETRY, ProviderUnavailable, Nobody, true,
        "Something went wrong at Telegram" / "Nothing to do: Chaski retries by itself.",
        "Algo falló en Telegram" / "No hagas nada: Chaski reintenta solo.";
};

const VIBER: &[ProviderCode] = table! { Viber:
    1 => HOLD, ChannelHeld, Admin, true,
        "Viber does not accept the webhook's address" / "It must be public, with https and a certificate that Viber trusts; then set the channel again.",
        "Viber no acepta la dirección del webhook" / "Debe ser pública, con https y un certificado de confianza; luego configura de nuevo el canal.";
    2 => HOLD, CredentialsRefused, Admin, true,
        "Viber does not accept the bot's token" / "Copy the token from the Viber admin panel, set it with `chaski channel set`, then resume the channel.",
        "Viber no acepta el token del bot" / "Copia el token del panel de Viber, ponlo con `chaski channel set` y reanuda el canal.";
    3 => FAIL, ProviderRefused, You, false,
        "Viber found an error in the request" / "Correct the message: its links must be https and its sizes within Viber's limits.",
        "Viber encontró un error en la petición" / "Corrige el mensaje: sus enlaces deben ser https y sus tamaños respetar los límites de Viber.";
    4 => FAIL, ProviderRefused, You, false,
        "Viber misses a field in the request" / "Complete the payload and send it again.",
        "A Viber le falta un campo en la petición" / "Completa el payload y envíalo de nuevo.";
    5 => FAIL, RecipientUnreachable, Contact, false,
        "The contact is not registered with Viber" / "Use another channel.",
        "El contacto no está registrado en Viber" / "Usa otro canal.";
    6 => FAIL, RecipientRefused, Contact, false,
        "The contact is not subscribed to the bot" / "Respect it; when the contact writes to the bot again, messages go through.",
        "El contacto no está suscrito al bot" / "Respétalo; cuando vuelva a escribir al bot, los mensajes llegarán.";
    7 => HOLD, ChannelHeld, Admin, true,
        "Viber has blocked the bot" / "Settle it with Viber's support, then resume the channel.",
        "Viber bloqueó el bot" / "Resuélvelo con el soporte de Viber y reanuda el canal.";
    8 => HOLD, ChannelHeld, Admin, true,
        "Viber does not find the bot" / "Check the token with `chaski channel set`, then resume the channel.",
        "Viber no encuentra el bot" / "Revisa el token con `chaski channel set` y reanuda el canal.";
    9 => HOLD, ChannelHeld, Admin, true,
        "Viber has suspended the bot" / "Settle it with Viber's support, then resume the channel.",
        "Viber suspendió el bot" / "Resuélvelo con el soporte de Viber y reanuda el canal.";
    10 => HOLD, ChannelHeld, Admin, true,
        "The bot has no webhook at Viber" / "Set the token again with `chaski channel set`, which registers the webhook, then resume the channel.",
        "El bot no tiene webhook en Viber" / "Vuelve a poner el token con `chaski channel set`, que registra el webhook, y reanuda el canal.";
    11 => FAIL, RecipientUnreachable, Contact, false,
        "The contact's devices do not take messages of bots" / "Use another channel.",
        "Los dispositivos del contacto no admiten mensajes de bots" / "Usa otro canal.";
    12 => SLOW_CONTACT, ProviderThrottled, Nobody, true,
        "Viber takes no more messages to this contact for now" / "Nothing to do: Chaski waits and retries by itself; an answer of the contact lifts it at once.",
        "Viber no acepta por ahora más mensajes para este contacto" / "No hagas nada: Chaski espera y reintenta solo; una respuesta del contacto lo levanta enseguida.";
    13 => FAIL, ProviderRefused, You, false,
        "The contact's Viber is too old for this message" / "Lower `min_api_version` in the payload or send something simpler.",
        "El Viber del contacto es demasiado antiguo para este mensaje" / "Baja `min_api_version` en el payload o envía algo más simple.";
    14 => FAIL, ProviderRefused, You, false,
        "The message uses more than its `min_api_version` allows" / "Raise `min_api_version` in the payload.",
        "El mensaje usa más de lo que permite su `min_api_version`" / "Sube `min_api_version` en el payload.";
    15 => HOLD, CredentialsRefused, Admin, true,
        "The Viber account is not authorized for this" / "Settle it with Viber's support, then resume the channel.",
        "La cuenta de Viber no está autorizada para esto" / "Resuélvelo con el soporte de Viber y reanuda el canal.";
    16 => FAIL, ProviderRefused, You, false,
        "Viber does not allow inline messages to this bot" / "Send an ordinary message.",
        "Viber no permite mensajes en línea a este bot" / "Envía un mensaje normal.";
    17 => FAIL, ProviderRefused, You, false,
        "The bot has no public chat" / "Send to a contact instead.",
        "El bot no tiene chat público" / "Envía a un contacto.";
    18 => FAIL, ProviderRefused, You, false,
        "Viber cannot send this as a broadcast" / "Send to one contact.",
        "Viber no puede enviar esto como difusión" / "Envía a un solo contacto.";
    19 => FAIL, ProviderRefused, You, false,
        "Viber does not allow this bot to broadcast" / "Send to one contact.",
        "Viber no permite difusiones a este bot" / "Envía a un solo contacto.";
    20 => FAIL, ProviderRefused, You, false,
        "Viber refuses the request of this bot" / "Viber's own words say why.",
        "Viber rechaza la petición de este bot" / "Las palabras de Viber dicen por qué.";
    21 => FAIL, RecipientUnreachable, Contact, false,
        "Viber does not deliver to the contact's country" / "Use another channel.",
        "Viber no entrega en el país del contacto" / "Usa otro canal.";
    22 => FAIL, ProviderRefused, You, false,
        "Viber does not take payments here" / "Send the message without a payment.",
        "Viber no admite pagos aquí" / "Envía el mensaje sin pago.";
    23 => HOLD, ChannelHeld, Admin, true,
        "The bot's free messages of this month are used up" / "Agree on a plan with Viber or wait for the next month, then resume the channel; its messages wait.",
        "Se agotaron los mensajes gratuitos del bot de este mes" / "Acuerda un plan con Viber o espera al mes siguiente y reanuda el canal; sus mensajes esperan.";
    24 => HOLD, ChannelHeld, Admin, true,
        "The bot's balance at Viber is used up" / "Top it up, then resume the channel; its messages wait.",
        "Se agotó el saldo del bot en Viber" / "Recárgalo y reanuda el canal; sus mensajes esperan.";
};

const LINE: &[ProviderCode] = table! { Line:
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_speaks_both_languages_in_whole_sentences() {
        for row in all() {
            for (title, fix) in [row.en, row.es] {
                assert!(!title.is_empty() && !title.ends_with('.'), "{} {title}", row.code);
                assert!(fix.ends_with('.'), "{} {fix}", row.code);
            }
            assert_ne!(row.en.0, row.es.0, "{}", row.code);
        }
    }

    #[test]
    fn every_row_is_found_by_its_own_number_and_words() {
        for row in all() {
            let found = find_by_words(row.family, row.code, row.words).unwrap();
            assert_eq!((found.code, found.words, found.en), (row.code, row.words, row.en));
        }
    }

    #[test]
    fn ranges_are_one_row() {
        for code in [200, 210, 299] {
            assert_eq!(find(Family::Meta, code).unwrap().code, 200);
        }
        assert_eq!(find(Family::Meta, 139_004).unwrap().code, 139_000);
        assert_eq!(find(Family::Meta, 2_388_073).unwrap().code, 2_388_047);
        assert_eq!(find(Family::Vonage, 1476).unwrap().code, 1470);
        assert_eq!(find(Family::Vonage, 1483).unwrap().code, 1480);
        assert!(find(Family::Meta, 300).is_none());
    }

    #[test]
    fn one_number_of_360dialog_has_several_causes() {
        let said = "Could not send message due to lack of payment. Messaging can resume once …";
        assert_eq!(find_by_words(Family::Dialog360, 400, said).unwrap().action, Action::Channel);
        assert_eq!(find(Family::Dialog360, 400).unwrap().action, Action::Fail);
    }
}
