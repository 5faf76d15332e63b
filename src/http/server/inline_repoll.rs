//! A connection's future that is polled again at once when it wakes itself.
//!
//! hyper hands a request's body on through a channel, so that a task which serves a connection wakes itself twice for each request with a
//! body. The runtime takes that for giving way to others: it puts the task at the end of the queue and wakes another thread to share
//! the work, which finds none, or takes the task away to a core where nothing of it is cached.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// How often it goes on before it does give way.
const LIMIT: usize = 8;

/// See the module.
pub struct InlineRepoll<F> {
    future: Pin<Box<F>>,
    waking: Option<(Waker, Arc<SelfWaker>)>,
}

/// Stands in for the task's own waker.
struct SelfWaker {
    task: Waker,
    state: AtomicU8,
}

/// Nobody polls it: to wake it is to wake the task.
const RESTS: u8 = 0;
/// It is being polled.
const POLLED: u8 = 1;
/// It was woken meanwhile. Every wake sets this, even where it is set already: what was written before the wake is then seen by the poll
/// that comes after it.
const WOKEN: u8 = 2;

impl Wake for SelfWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.fetch_or(WOKEN, Ordering::AcqRel) & POLLED == RESTS {
            self.task.wake_by_ref();
        }
    }
}

impl<F: Future> InlineRepoll<F> {
    pub fn new(future: F) -> Self {
        Self { future: Box::pin(future), waking: None }
    }
}

impl<F: Future> Future for InlineRepoll<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let known = this.waking.take().filter(|(_, waking)| waking.task.will_wake(cx.waker()));
        let (waker, waking) = known.unwrap_or_else(|| {
            let waking = Arc::new(SelfWaker { task: cx.waker().clone(), state: AtomicU8::new(RESTS) });
            (waking.clone().into(), waking)
        });
        let (waker, waking) = this.waking.insert((waker, waking));
        for _ in 0..LIMIT {
            waking.state.swap(POLLED, Ordering::AcqRel);
            if let Poll::Ready(output) = this.future.as_mut().poll(&mut Context::from_waker(waker)) {
                return Poll::Ready(output);
            }
            if waking.state.compare_exchange(POLLED, RESTS, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                return Poll::Pending;
            }
        }
        waking.state.swap(RESTS, Ordering::AcqRel);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::task::ready;

    /// Counts how often the task is woken.
    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Polls it once, and says how often the task was woken meanwhile.
    fn poll<F: Future>(future: &mut InlineRepoll<F>, task: &Arc<Task>) -> (Poll<F::Output>, usize) {
        let before = task.0.load(Ordering::Relaxed);
        let polled = Pin::new(future).poll(&mut Context::from_waker(&task.clone().into()));
        (polled, task.0.load(Ordering::Relaxed) - before)
    }

    #[test]
    fn what_wakes_itself_goes_on_without_the_task() {
        let (task, mut left) = (Arc::new(Task::default()), 3);
        let mut future = InlineRepoll::new(std::future::poll_fn(|cx| {
            if left == 0 {
                return Poll::Ready(());
            }
            left -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        assert_eq!(poll(&mut future, &task), (Poll::Ready(()), 0));
    }

    #[test]
    fn what_wakes_itself_again_and_again_gives_way() {
        let (task, mut polls) = (Arc::new(Task::default()), 0);
        let mut future = InlineRepoll::new(std::future::poll_fn(|cx| -> Poll<()> {
            polls += 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        assert_eq!(poll(&mut future, &task), (Poll::Pending, 1));
        assert_eq!(poll(&mut future, &task), (Poll::Pending, 1));
        drop(future);
        assert_eq!(polls, 2 * LIMIT);
    }

    #[test]
    fn what_others_wake_wakes_the_task() {
        let task = Arc::new(Task::default());
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
    async fn no_wake_is_lost_while_it_is_polled() {
        // The next message is often sent while the last one is still being taken.
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        std::thread::spawn(move || (0..200_000).try_for_each(|number| sender.blocking_send(number)).unwrap());
        let counting = InlineRepoll::new(async move {
            let mut expected = 0;
            while let Some(number) = receiver.recv().await {
                assert_eq!(number, expected);
                expected += 1;
            }
            expected
        });
        assert_eq!(tokio::spawn(counting).await.unwrap(), 200_000);
    }

    #[test]
    fn it_goes_with_the_task_when_that_is_another() {
        let (one, other) = (Arc::new(Task::default()), Arc::new(Task::default()));
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        let mut future = InlineRepoll::new(receiver);
        assert_eq!(poll(&mut future, &one), (Poll::Pending, 0));
        assert_eq!(poll(&mut future, &other), (Poll::Pending, 0));
        sender.send(()).unwrap();
        assert_eq!((one.0.load(Ordering::Relaxed), other.0.load(Ordering::Relaxed)), (0, 1));
    }
}
