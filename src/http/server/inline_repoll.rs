//! A future that is polled again at once when it wakes itself.
//!
//! hyper passes the body of a request through a channel, so that the task of a connection wakes itself for each request
//! with a body. The runtime then moves the task to the end of its queue and wakes a second thread to share the work.
//! That thread finds nothing to do, or takes the task to a core whose caches lack its data.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// How often the future is polled before other tasks run.
const MAX_POLLS: usize = 8;

/// Runs the inner future in the task that polls it, and polls it again when it was woken while it was polled.
pub(super) struct InlineRepoll<F> {
    future: Pin<Box<F>>,
    waker: Option<(Waker, Arc<RepollWaker>)>,
}

/// The waker that the inner future gets instead of the task's.
struct RepollWaker {
    task: Waker,
    state: AtomicU8,
}

/// The future is not being polled: a wake wakes the task.
const IDLE: u8 = 0;
/// The future is being polled.
const POLLING: u8 = 1;
/// The future was woken while it was polled. Each wake sets this bit, even when it is set already, so that the next
/// poll sees what was written before the wake.
const WOKEN: u8 = 2;

impl Wake for RepollWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.fetch_or(WOKEN, Ordering::AcqRel) & POLLING == IDLE {
            self.task.wake_by_ref();
        }
    }
}

impl<F: Future> InlineRepoll<F> {
    pub(super) fn new(future: F) -> Self {
        Self { future: Box::pin(future), waker: None }
    }
}

impl<F: Future> Future for InlineRepoll<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let known = this.waker.take().filter(|(_, repoll)| repoll.task.will_wake(cx.waker()));
        let (waker, repoll) = this.waker.insert(known.unwrap_or_else(|| {
            let repoll = Arc::new(RepollWaker { task: cx.waker().clone(), state: AtomicU8::new(IDLE) });
            (repoll.clone().into(), repoll)
        }));
        for _ in 0..MAX_POLLS {
            repoll.state.swap(POLLING, Ordering::AcqRel);
            if let Poll::Ready(output) = this.future.as_mut().poll(&mut Context::from_waker(waker)) {
                return Poll::Ready(output);
            }
            if repoll.state.compare_exchange(POLLING, IDLE, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                return Poll::Pending;
            }
        }
        repoll.state.swap(IDLE, Ordering::AcqRel);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::task::ready;

    /// Counts the wakes of a task.
    #[derive(Default)]
    struct CountingWaker(AtomicUsize);

    impl Wake for CountingWaker {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Polls once. Returns the result and the number of wakes of the task meanwhile.
    fn poll<F: Future>(future: &mut InlineRepoll<F>, task: &Arc<CountingWaker>) -> (Poll<F::Output>, usize) {
        let before = task.0.load(Ordering::Relaxed);
        let polled = Pin::new(future).poll(&mut Context::from_waker(&task.clone().into()));
        (polled, task.0.load(Ordering::Relaxed) - before)
    }

    #[test]
    fn future_that_wakes_itself_continues_without_waking_the_task() {
        let (task, mut wakes_left) = (Arc::new(CountingWaker::default()), 3);
        let mut future = InlineRepoll::new(std::future::poll_fn(|cx| {
            if wakes_left == 0 {
                return Poll::Ready(());
            }
            wakes_left -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        assert_eq!(poll(&mut future, &task), (Poll::Ready(()), 0));
    }

    #[test]
    fn future_that_always_wakes_itself_lets_other_tasks_run() {
        let (task, mut polls) = (Arc::new(CountingWaker::default()), 0);
        let mut future = InlineRepoll::new(std::future::poll_fn(|cx| -> Poll<()> {
            polls += 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        assert_eq!(poll(&mut future, &task), (Poll::Pending, 1));
        assert_eq!(poll(&mut future, &task), (Poll::Pending, 1));
        drop(future);
        assert_eq!(polls, 2 * MAX_POLLS);
    }

    #[test]
    fn wake_from_another_thread_wakes_the_task() {
        let task = Arc::new(CountingWaker::default());
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let mut receiver = Box::pin(receiver);
        let mut future = InlineRepoll::new(std::future::poll_fn(move |cx| {
            let received: Result<i32, _> = ready!(receiver.as_mut().poll(cx));
            Poll::Ready(received.unwrap())
        }));
        assert_eq!(poll(&mut future, &task), (Poll::Pending, 0));
        std::thread::spawn(move || sender.send(7).unwrap()).join().unwrap();
        assert_eq!(task.0.load(Ordering::Relaxed), 1);
        assert_eq!(poll(&mut future, &task), (Poll::Ready(7), 0));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_wake_is_lost_during_a_poll() {
        // The next message is often sent while the last one is being received.
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        std::thread::spawn(move || (0..200_000).try_for_each(|number| sender.blocking_send(number)).unwrap());
        let receiving = InlineRepoll::new(async move {
            let mut expected = 0;
            while let Some(number) = receiver.recv().await {
                assert_eq!(number, expected);
                expected += 1;
            }
            expected
        });
        assert_eq!(tokio::spawn(receiving).await.unwrap(), 200_000);
    }

    #[test]
    fn wake_reaches_the_task_that_polled_last() {
        let (first, second) = (Arc::new(CountingWaker::default()), Arc::new(CountingWaker::default()));
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        let mut future = InlineRepoll::new(receiver);
        assert_eq!(poll(&mut future, &first), (Poll::Pending, 0));
        assert_eq!(poll(&mut future, &second), (Poll::Pending, 0));
        sender.send(()).unwrap();
        assert_eq!((first.0.load(Ordering::Relaxed), second.0.load(Ordering::Relaxed)), (0, 1));
    }
}
