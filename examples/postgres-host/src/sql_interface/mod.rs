//! The operators' functions (`ruvector_healing_status()` and its like), and the healer's end of them.
//!
//! Functions that read answer from tables: journal, outcomes, and what healers publish of themselves. Functions that change
//! something have a healer do it, so that there is one place where guards are and orders are written down:
//!
//! 1. The function commits a command to `healing_commands`, notifies, and waits for the answer, ten seconds at most unless
//!    `ruvector.patience` says otherwise.
//! 2. Of the healers that run and watch the collection, the one that holds its lease takes the command, or any where nobody
//!    does; its [`CommandDesk`] carries it out between two ticks and writes the answer.
//! 3. The function returns the answer, or raises what the healer said as an error with a code and a hint. A command that
//!    nobody took in time is withdrawn: it is never carried out behind the back of someone who was told that it failed.
//!
//! A function runs in its caller's transaction, and what it writes is seen by others only once that has committed, a `NOTIFY`
//! too. So the command goes over a second connection, from the server to itself, by the extension dblink, which every
//! PostgreSQL comes with. Other ways were weighed: a procedure can commit, but not be called in a `SELECT`; advisory locks,
//! sequences and `pg_stat_activity` are seen at once, but carry no command; a logical message needs a replication slot and
//! `wal_level = logical`. The connection is made as a role of its own, with a random password that only the functions' owner
//! can use, and which may do nothing but call the procedure that hands commands over.
//!
//! | code | meaning |
//! | --- | --- |
//! | `RH001` | no healer is running |
//! | `RH002` | no healer that is running watches the collection |
//! | `RH003` | no healer took the order in time; nothing was done |
//! | `RH004` | a healer took the order and did not answer in time, or the order was lost on its way; look before giving it again |
//! | `RH005` | there is no action of that number, or it is not at work |
//! | `RH006` | the action is not in a state in which that can be ordered |
//! | `RH007` | another remediation is at work |
//! | `RH008` | there is nothing to roll back |
//! | `RH009` | there is no such strategy |
//! | `RH010` | the strategy treats nothing of what is found, or has no plan |
//! | `RH011` | a guard is in the way, or another healer acts |
//! | `RH012` | the collection could not be observed |
//! | `RH013` | the healer's stores failed |
//! | `RH014` | the order could not be handed over: the server did not let the courier in; nothing was done |
//! | `22023` | an argument, or the configuration, is invalid |
//! | `42501` | the role may not do that |

mod answer;
mod desk;
mod loopback;
mod published;
mod verbs;

pub use desk::CommandDesk;
