//! Many clients at once, on real server processes: nobody is booked twice, nothing that was acknowledged is lost, nothing that was
//! refused leaves a trace, and no request ends in an error of the server.

mod giving_way;
mod many;
mod one_interview;
