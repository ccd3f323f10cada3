//! One IMAP connection (RFC 3501, and 2177 for IDLE): as much as a program needs that reads its mailbox.

use std::io;

use jiff::Timestamp;
use tokio::io::AsyncBufReadExt as _;
use tokio::net::TcpStream;

use super::boxes::{Bad, Mail};
use super::lines::Lines;
use super::{is_revoked, logged_in};
use crate::accounts::AccountId;
use crate::sim::Shared;

/// What a client has said so far.
struct Session {
    sim: Shared,
    lines: Lines,
    account: Option<AccountId>,
    /// How many mails it was told of; `None` before a folder is chosen.
    told: Option<usize>,
}

/// Whether the connection goes on.
enum Next {
    Go,
    Close,
}

/// Speaks until the client leaves.
pub(super) async fn serve(sim: Shared, stream: TcpStream) -> io::Result<()> {
    let mut cuts = sim.boxes.cuts();
    let lines = Lines::new(stream);
    let mut session = Session { sim, lines, account: None, told: None };
    tokio::select! {
        ended = session.speak() => ended,
        _ = cuts.changed() => Ok(()),
    }
}

impl Session {
    async fn speak(&mut self) -> io::Result<()> {
        self.lines.say("* OK IMAP4rev1 mail.simulator.example ready").await?;
        while let Some(line) = self.lines.line().await? {
            let (tag, rest) = line.split_once(' ').unwrap_or((&line, ""));
            if let Next::Close = self.command(tag, rest).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn command(&mut self, tag: &str, rest: &str) -> io::Result<Next> {
        let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let word = word.to_ascii_uppercase();
        // `UID FETCH` goes wrong by the name of FETCH.
        let named = if word == "UID" { rest.split(' ').next().unwrap_or_default() } else { &word };
        match self.sim.boxes.spoilt(named) {
            Some(Bad::No) => return self.done(tag, "NO [UNAVAILABLE] Internal error").await,
            Some(Bad::Bye) => {
                self.lines.say("* BYE Server is going down").await?;
                return Ok(Next::Close);
            }
            None => {}
        }
        match (word.as_str(), self.account) {
            ("CAPABILITY", _) => {
                self.lines.say("* CAPABILITY IMAP4rev1 IDLE UIDPLUS LITERAL+").await?;
                self.done(tag, "OK CAPABILITY completed").await
            }
            ("NOOP", _) => {
                self.tell_news().await?;
                self.done(tag, "OK NOOP completed").await
            }
            ("LOGOUT", _) => {
                self.lines.say("* BYE Logging out").await?;
                self.done(tag, "OK LOGOUT completed").await?;
                Ok(Next::Close)
            }
            ("LOGIN", None) => self.login(tag, rest).await,
            ("SELECT" | "EXAMINE", Some(id)) => self.choose(tag, id, &word, rest).await,
            ("UID", Some(id)) if self.told.is_some() => self.by_uid(tag, id, rest).await,
            ("IDLE", Some(_)) if self.told.is_some() => self.idle(tag).await,
            ("LOGIN" | "SELECT" | "EXAMINE" | "UID" | "IDLE", _) => {
                self.done(tag, "BAD Command received in this state").await
            }
            _ => self.done(tag, "BAD Unknown command").await,
        }
    }

    async fn done(&mut self, tag: &str, words: &str) -> io::Result<Next> {
        self.lines.say(&format!("{tag} {words}")).await.map(|()| Next::Go)
    }

    async fn login(&mut self, tag: &str, rest: &str) -> io::Result<Next> {
        let words = strings(rest);
        let [user, password] = words.as_slice() else {
            return self.done(tag, "BAD LOGIN takes a user name and a password").await;
        };
        self.account = logged_in(user, password).filter(|_| !is_revoked(&self.sim));
        match self.account {
            Some(_) => self.done(tag, "OK LOGIN completed").await,
            None => self.done(tag, "NO [AUTHENTICATIONFAILED] Invalid credentials").await,
        }
    }

    async fn choose(&mut self, tag: &str, id: AccountId, word: &str, rest: &str) -> io::Result<Next> {
        self.told = None;
        if !strings(rest).first().is_some_and(|folder| folder.eq_ignore_ascii_case("INBOX")) {
            return self.done(tag, "NO [NONEXISTENT] Unknown Mailbox").await;
        }
        let count = self.sim.boxes.list(id).len();
        let (validity, next) = (self.sim.boxes.validity(), self.sim.boxes.next_uid(id));
        self.told = Some(count);
        self.lines.say(&format!(
            "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n* {count} EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY {validity}] UIDs valid\r\n* OK [UIDNEXT {next}] Predicted next UID"
        ))
        .await?;
        let access = if word == "EXAMINE" { "READ-ONLY" } else { "READ-WRITE" };
        self.done(tag, &format!("OK [{access}] {word} completed")).await
    }

    async fn by_uid(&mut self, tag: &str, id: AccountId, rest: &str) -> io::Result<Next> {
        let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let mails = self.sim.boxes.list(id);
        match word.to_ascii_uppercase().as_str() {
            "FETCH" => {
                let (set, items) = rest.split_once(' ').unwrap_or((rest, ""));
                let last = mails.last().map_or(0, |(_, mail)| mail.uid);
                let wanted = mails.iter().filter(|(_, mail)| is_in(set, mail.uid, last));
                if items.contains("BODY") && wanted.clone().any(|(_, mail)| mail.is_withheld) {
                    return self.done(tag, "NO [SERVERBUG] The message is damaged").await;
                }
                for (place, mail) in wanted {
                    let answer = fetched(*place, mail, items);
                    self.lines.say_bytes(&answer).await?;
                }
                self.tell_news().await?;
                self.done(tag, "OK FETCH completed").await
            }
            "SEARCH" => {
                let Some(since) = since(rest) else {
                    return self.done(tag, "BAD Only ALL and SINCE can be searched for").await;
                };
                let found = mails.iter().filter(|(_, mail)| mail.at_ms >= since);
                let found: String = found.map(|(_, mail)| format!(" {}", mail.uid)).collect();
                self.lines.say(&format!("* SEARCH{found}")).await?;
                self.done(tag, "OK SEARCH completed").await
            }
            _ => self.done(tag, "BAD Unknown command").await,
        }
    }

    async fn tell_news(&mut self) -> io::Result<()> {
        let (Some(id), Some(told)) = (self.account, self.told) else { return Ok(()) };
        let count = self.sim.boxes.list(id).len();
        if count != told {
            self.told = Some(count);
            self.lines.say(&format!("* {count} EXISTS")).await?;
        }
        Ok(())
    }

    async fn idle(&mut self, tag: &str) -> io::Result<Next> {
        let mut news = self.sim.boxes.news();
        self.lines.say("+ idling").await?;
        loop {
            self.tell_news().await?;
            tokio::select! {
                _ = news.changed() => {}
                line = self.lines.0.fill_buf() => {
                    if line?.is_empty() {
                        return Ok(Next::Close);
                    }
                    let said = self.lines.line().await?.unwrap_or_default();
                    let word = if said.eq_ignore_ascii_case("DONE") { "OK IDLE terminated" } else { "BAD Expected DONE" };
                    return self.done(tag, word).await;
                }
            }
        }
    }
}

/// Words and quoted strings.
fn strings(text: &str) -> Vec<String> {
    let (mut found, mut rest) = (Vec::new(), text.trim_start());
    while let Some(first) = rest.chars().next() {
        if first != '"' {
            let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
            found.push(word.to_owned());
            rest = after.trim_start();
            continue;
        }
        let (mut word, mut end, mut is_escaped) = (String::new(), rest.len(), false);
        for (place, letter) in rest.char_indices().skip(1) {
            match letter {
                '\\' if !is_escaped => is_escaped = true,
                '"' if !is_escaped => {
                    end = place + 1;
                    break;
                }
                letter => {
                    is_escaped = false;
                    word.push(letter);
                }
            }
        }
        found.push(word);
        rest = rest[end..].trim_start();
    }
    found
}

/// Whether a set of numbers (`1:3,7,9:*`) has one; `*` is the last there is.
fn is_in(set: &str, uid: u32, last: u32) -> bool {
    let number = |text: &str| if text == "*" { Some(last) } else { text.parse::<u32>().ok() };
    set.split(',').any(|range| {
        let (from, to) = range.split_once(':').unwrap_or((range, range));
        match (number(from), number(to)) {
            (Some(from), Some(to)) => (from.min(to)..=from.max(to)).contains(&uid),
            _ => false,
        }
    })
}

fn fetched(place: usize, mail: &Mail, items: &str) -> Vec<u8> {
    let items = items.to_ascii_uppercase();
    let at = Timestamp::from_millisecond(mail.at_ms).unwrap_or_default();
    let at = at.strftime("%d-%b-%Y %H:%M:%S +0000");
    let mut answer = format!("* {place} FETCH (UID {}", mail.uid).into_bytes();
    if items.contains("RFC822.SIZE") {
        answer.extend(format!(" RFC822.SIZE {}", mail.size).into_bytes());
    }
    if items.contains("INTERNALDATE") {
        answer.extend(format!(" INTERNALDATE \"{at}\"").into_bytes());
    }
    let head = mail.raw.windows(4).position(|four| four == b"\r\n\r\n").map_or(mail.raw.len(), |end| end + 4);
    let wanted = [("BODY.PEEK[]", "BODY[]", mail.raw.len()), ("BODY.PEEK[HEADER]", "BODY[HEADER]", head)];
    for (peeked, name, length) in wanted {
        if items.contains(peeked) || items.contains(name) {
            answer.extend(format!(" {name} {{{length}}}\r\n").into_bytes());
            answer.extend_from_slice(&mail.raw[..length]);
        }
    }
    answer.extend_from_slice(b")\r\n");
    answer
}

/// The moment from which on a search looks; everything for `ALL`.
fn since(query: &str) -> Option<i64> {
    if query.eq_ignore_ascii_case("ALL") {
        return Some(i64::MIN);
    }
    let (word, day) = query.split_once(' ')?;
    let day = jiff::civil::Date::strptime("%d-%b-%Y", day.trim_matches('"')).ok()?;
    let at = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    word.eq_ignore_ascii_case("SINCE").then(|| at.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_sets_and_days_are_read_as_the_standard_writes_them() {
        assert_eq!(strings(r#""a\"b \\c" INBOX"#), ["a\"b \\c", "INBOX"]);
        assert!(is_in("5:*", 9, 9) && is_in("10:*", 9, 9), "a range with * has the last one");
        assert!(is_in("1:3,7", 7, 9) && !is_in("1:3,7", 5, 9) && !is_in("x", 5, 9));
        assert_eq!(since("SINCE 1-Feb-2026"), Some(1_769_904_000_000));
        assert_eq!((since("UNSEEN"), since("SINCE yesterday")), (None, None));
    }
}
