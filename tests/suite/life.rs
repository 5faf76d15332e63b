//! The life of an interview over GraphQL: what each mutation does to the interview, the interviewee and the history, and what it
//! refuses.

mod answering;
mod creating;
mod ending;
mod history;
mod looking;
mod negotiating;
mod refusing;
mod sides;
mod updating;
mod versions;
