//! What readers are told of what the system says.

use super::*;
use notify::event::{AccessKind, DataChange, RemoveKind};

fn queue() -> Queue {
    Queue::new(Scope::directory(
        Path::new("/real"),
        Path::new("/asked"),
        true,
    ))
}

fn event(kind: EventKind, path: &str) -> Event {
    Event::new(kind).add_path(path.into())
}

fn half(mode: RenameMode, path: &str, cookie: usize) -> Event {
    let kind = EventKind::Modify(ModifyKind::Name(mode));
    Event::new(kind).add_path(path.into()).set_tracker(cookie)
}

fn written(path: &str) -> Event {
    event(EventKind::Modify(ModifyKind::Data(DataChange::Any)), path)
}

impl Queue {
    fn hear_ok(&self, event: Event) {
        self.hear(Ok(event));
    }
}

fn change(kind: Kind, path: &str) -> Change {
    let path = path.into();
    Change { kind, path }
}

/// All that comes within a second, and after how many milliseconds.
async fn all(queue: &Queue) -> Vec<(u128, Change)> {
    let began = Instant::now();
    let mut told = Vec::new();
    loop {
        let next = tokio::time::timeout(Duration::from_secs(1), queue.next());
        match next.await {
            Ok(Step::Told(change)) => told.push((began.elapsed().as_millis(), change)),
            Ok(Step::Fresh(_)) => {}
            Ok(Step::Gone) | Err(_) => return told,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn changes_are_told_in_order_under_the_name_that_was_asked_for() {
    let queue = queue();
    queue.hear_ok(event(EventKind::Create(CreateKind::File), "/real/a/b"));
    queue.hear_ok(written("/real/c"));
    queue.hear_ok(event(EventKind::Remove(RemoveKind::File), "/real/a/b"));
    queue.hear_ok(event(EventKind::Access(AccessKind::Any), "/real/x"));
    queue.hear_ok(event(EventKind::Create(CreateKind::File), "/elsewhere"));
    let told = all(&queue).await;
    assert_eq!(
        told,
        [
            (0, change(Kind::Created, "/asked/a/b")),
            (0, change(Kind::Modified, "/asked/c")),
            (0, change(Kind::Removed, "/asked/a/b")),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_halves_of_a_rename_are_joined_and_single_ones_come_and_go() {
    let queue = queue();
    queue.hear_ok(half(RenameMode::From, "/real/a", 1));
    queue.hear_ok(written("/real/other"));
    queue.hear_ok(half(RenameMode::To, "/real/b", 1));
    queue.hear_ok(half(RenameMode::Both, "/real/a", 1));
    queue.hear_ok(half(RenameMode::To, "/real/c", 2));
    queue.hear_ok(half(RenameMode::From, "/real/d", 3));
    let told = all(&queue).await;
    let from = "/asked/a".into();
    assert_eq!(
        told,
        [
            (0, change(Kind::Renamed { from }, "/asked/b")),
            (0, change(Kind::Modified, "/asked/other")),
            (0, change(Kind::Created, "/asked/c")),
            (20, change(Kind::Removed, "/asked/d")),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_file_written_again_and_again_is_told_now_and_then_and_once_after_the_end() {
    let queue = std::sync::Arc::new(queue());
    let writing = std::sync::Arc::clone(&queue);
    tokio::spawn(async move {
        for _ in 0..26 {
            writing.hear_ok(written("/real/log"));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let told = all(&queue).await;
    let times: Vec<u128> = told.iter().map(|(at, _)| *at).collect();
    assert_eq!(times.len(), 4, "{times:?}");
    assert_eq!(times[0], 0);
    assert!(times.windows(2).all(|pair| pair[1] >= pair[0] + 100));
    assert!(times[3] >= 250, "the last write is told, too: {times:?}");
}

#[tokio::test(start_paused = true)]
async fn too_much_at_once_is_told_as_such_and_memory_does_not_grow() {
    let queue = queue();
    for n in 0..5000 {
        queue.hear_ok(event(
            EventKind::Create(CreateKind::File),
            &format!("/real/{n}"),
        ));
    }
    let told = all(&queue).await;
    assert_eq!(told.len(), MOST + 1);
    assert_eq!(told[MOST].1, change(Kind::Overflow, "/asked"));
    queue.hear_ok(written("/real/later"));
    assert_eq!(
        all(&queue).await,
        [(0, change(Kind::Modified, "/asked/later"))]
    );
    let lost = Event::new(EventKind::Other).set_flag(Flag::Rescan);
    queue.hear_ok(lost);
    assert_eq!(all(&queue).await, [(0, change(Kind::Overflow, "/asked"))]);
    queue.hear(Err(notify::Error::new(notify::ErrorKind::MaxFilesWatch)));
    assert_eq!(all(&queue).await, [(0, change(Kind::Overflow, "/asked"))]);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_directory_is_told_even_when_the_queue_is_full() {
    let queue = queue();
    for n in 0..5000 {
        queue.hear_ok(written(&format!("/real/{n}")));
    }
    queue.hear_ok(event(EventKind::Remove(RemoveKind::Folder), "/real"));
    queue.hear_ok(written("/real/after"));
    let told = all(&queue).await;
    assert_eq!(told[MOST + 1].1, change(Kind::Removed, "/asked"));
    assert_eq!(told.len(), MOST + 2);
    assert!(matches!(queue.next().await, Step::Gone) && queue.is_gone());
    let moved = self::queue();
    let away = EventKind::Modify(ModifyKind::Name(RenameMode::From));
    moved.hear_ok(event(away, "/real"));
    assert_eq!(all(&moved).await, [(0, change(Kind::Removed, "/asked"))]);
    assert!(moved.is_gone());
}

#[tokio::test(start_paused = true)]
async fn a_directory_told_from_within_and_without_is_told_once() {
    let queue = queue();
    for _ in 0..2 {
        queue.hear_ok(event(EventKind::Create(CreateKind::Folder), "/real/d"));
        queue.found(Path::new("/real/d/inside"));
    }
    for _ in 0..2 {
        queue.hear_ok(event(EventKind::Remove(RemoveKind::Folder), "/real/d"));
    }
    queue.hear_ok(event(EventKind::Create(CreateKind::Folder), "/real/d"));
    let told: Vec<Change> = all(&queue)
        .await
        .into_iter()
        .map(|(_, told)| told)
        .collect();
    assert_eq!(
        told,
        [
            change(Kind::Created, "/asked/d"),
            change(Kind::Created, "/asked/d/inside"),
            change(Kind::Removed, "/asked/d"),
            change(Kind::Created, "/asked/d"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_replaced_is_still_watched_and_one_that_stays_away_is_gone() {
    let queue = Queue::new(Scope::file(Path::new("/r/f"), Path::new("/a/f")));
    queue.hear_ok(written("/r/neighbour"));
    queue.hear_ok(half(RenameMode::From, "/r/temporary", 1));
    queue.hear_ok(half(RenameMode::To, "/r/f", 1));
    assert_eq!(all(&queue).await, [(0, change(Kind::Modified, "/a/f"))]);
    queue.hear_ok(half(RenameMode::From, "/r/f", 2));
    queue.hear_ok(half(RenameMode::To, "/r/backup", 2));
    queue.hear_ok(event(EventKind::Create(CreateKind::File), "/r/f"));
    assert_eq!(
        all(&queue).await,
        [
            (20, change(Kind::Removed, "/a/f")),
            (20, change(Kind::Created, "/a/f"))
        ]
    );
    assert!(!queue.is_gone());
    queue.hear_ok(event(EventKind::Remove(RemoveKind::File), "/r/f"));
    assert_eq!(all(&queue).await, [(0, change(Kind::Removed, "/a/f"))]);
    assert!(matches!(queue.next().await, Step::Gone) && queue.is_gone());
}
