//! Nobody is in two places at once: what is refused and how it is explained, what may touch, what reserves no time, and that the
//! database itself refuses whatever the server's code does.

mod behind_the_server;
mod booking;
mod clashing;
mod edges;
mod releasing;
mod strangers;
mod walk;
