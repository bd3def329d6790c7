//! The commands by which operators look at keys and reset them.

use std::ops::RangeInclusive;

use latch::{Argument, Context, Platform};

use super::LIFE_S;
use crate::report::{Found, Outcome, Report};
use crate::throwaway::Names;
use crate::trouble::Trouble;

/// What Redis should answer.
enum Wanted {
    Text(&'static str),
    Number(RangeInclusive<u64>),
}
use Wanted::{Number, Text};

/// One check for each command. INCRBY makes no key, which would have no TTL: it finds one.
pub(crate) async fn commands<P: Platform>(
    context: &Context<'_, P>,
    names: &Names,
    report: &mut Report<'_, '_, P>,
) {
    let key = || Argument::from(names.plain.as_str());
    let begin = [key(), LIFE_S.into(), "41".into()];
    if !report
        .check("SETEX", answers(context, "SETEX", &begin, Text("OK")))
        .await
    {
        // There is nothing to look at.
        return;
    }
    for (command, arguments, wanted) in [
        ("GET", vec![key()], Text("41")),
        ("EXISTS", vec![key()], Number(1..=1)),
        ("TTL", vec![key()], Number(1..=LIFE_S)),
        ("INCRBY", vec![key(), 1.into()], Number(42..=42)),
        ("DEL", vec![key()], Number(1..=1)),
    ] {
        report
            .check(command, answers(context, command, &arguments, wanted))
            .await;
    }
}

async fn answers<P: Platform>(
    context: &Context<'_, P>,
    command: &str,
    arguments: &[Argument<'_>],
    wanted: Wanted,
) -> Outcome {
    let returned = context.command(command, arguments).await?;
    let mut reply = returned.reader();
    let (came, right) = match wanted {
        Text(wanted) => {
            let came = reply.text()?;
            (came.to_owned(), came == wanted)
        }
        Number(wanted) => {
            let came = reply.number()?;
            (came.to_string(), wanted.contains(&came))
        }
    };
    if right {
        Ok(Found::Well(None))
    } else {
        Err(Trouble::unexpected(format!("{command} answered `{came}`")))
    }
}
