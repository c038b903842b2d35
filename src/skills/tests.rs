//! Skills in directories of all kinds.

use super::*;
use nix::sys::stat::Mode;
use std::os::unix::fs::symlink;
use tempfile::TempDir;

struct Home {
    top: TempDir,
    skills: Skills,
}

impl Home {
    fn new() -> Self {
        Self {
            top: tempfile::tempdir().unwrap(),
            skills: Skills::default(),
        }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.top.path().join(path)
    }

    fn put(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.at(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn skill(&self, directory: &str, name: &str) {
        let text =
            format!("---\nname: {name}\ndescription: in {directory}\n---\n\ntext of {directory}\n");
        self.put(&format!("{directory}/SKILL.md"), text);
    }

    fn list(&self) -> Vec<Skill> {
        self.skills
            .list(self.top.path(), &AtomicBool::new(false))
            .unwrap()
    }

    fn names(&self) -> Vec<String> {
        self.list().into_iter().map(|skill| skill.name).collect()
    }

    fn read(&self, name: &str) -> Result<Reading, Error> {
        self.skills
            .read(self.top.path(), name, &AtomicBool::new(false))
    }
}

#[test]
fn the_first_place_and_the_first_directory_win() {
    let home = Home::new();
    home.skill(".codex/skills/a", "last");
    home.skill(".claude/skills/a", "same");
    home.skill(".agents/skills/b", "same");
    home.skill(".agents/skills/a", "first");
    home.skill(".agents/skills/c", "same");
    home.skill(".agents/skills/.hidden", "hidden");
    home.skill("skills/x", "elsewhere");
    home.put(".agents/skills/file", "no directory");
    assert_eq!(home.names(), ["first", "same", "last"]);
    assert_eq!(
        home.read("same").unwrap().content,
        "text of .agents/skills/b"
    );
    assert!(matches!(home.read("hidden"), Err(Error::NotFound(_))));
    assert!(matches!(home.read("Same"), Err(Error::NotFound(_))));
}

#[test]
fn without_a_name_the_directory_s_is_taken() {
    let home = Home::new();
    home.put(".agents/skills/dir/SKILL.md", "---\ndescription: d\n---\nx");
    assert_eq!(home.names(), ["dir"]);
}

#[test]
fn a_name_without_end_is_cut_and_read_by_what_is_left() {
    let home = Home::new();
    home.skill(".agents/skills/a", &"n".repeat(60_000));
    let names = home.names();
    assert_eq!(names, ["n".repeat(256)]);
    assert_eq!(
        home.read(&names[0]).unwrap().content,
        "text of .agents/skills/a"
    );
}

#[test]
fn a_thousand_are_told_and_held_at_most() {
    let home = Home::new();
    home.skill("one", "one");
    std::fs::create_dir_all(home.at(".agents/skills")).unwrap();
    for n in 0..SKILLS {
        symlink("../../one", home.at(&format!(".agents/skills/{n:04}"))).unwrap();
    }
    home.skill(".codex/skills/last", "last");
    assert_eq!(home.names(), ["one"]);
    assert_eq!(home.skills.0.lock().unwrap().len(), SKILLS);
    std::fs::remove_file(home.at(".agents/skills/0000")).unwrap();
    assert_eq!(home.names(), ["one", "last"]);
}

#[test]
fn a_broken_one_hides_only_itself() {
    let home = Home::new();
    home.skill(".agents/skills/good", "good");
    home.put(
        ".agents/skills/bytes/SKILL.md",
        b"---\nname: x\ndescription: \xff\n---\n",
    );
    home.put(".agents/skills/text/SKILL.md", "no front matter");
    home.put(
        ".agents/skills/long/SKILL.md",
        format!("---\nx: {}\ndescription: d\n---\n", "y".repeat(70_000)),
    );
    std::fs::create_dir_all(home.at(".agents/skills/directory/SKILL.md")).unwrap();
    std::fs::create_dir_all(home.at(".agents/skills/pipe")).unwrap();
    nix::unistd::mkfifo(&home.at(".agents/skills/pipe/SKILL.md"), Mode::S_IRWXU).unwrap();
    std::fs::create_dir_all(home.at(".agents/skills/zero")).unwrap();
    symlink("/dev/zero", home.at(".agents/skills/zero/SKILL.md")).unwrap();
    symlink("loop", home.at(".agents/skills/loop")).unwrap();
    assert_eq!(home.names(), ["good"]);
}

#[test]
fn text_that_is_no_utf_8_is_shown_as_far_as_it_is() {
    let home = Home::new();
    home.put(
        ".agents/skills/a/SKILL.md",
        b"---\nname: a\ndescription: d\n---\nb\xffc",
    );
    assert_eq!(home.read("a").unwrap().content, "b\u{fffd}c");
}

#[test]
fn changes_are_seen_at_once_even_of_the_same_size() {
    let home = Home::new();
    for n in 0..20 {
        let name = format!("n{n:02}");
        home.skill(".agents/skills/a", &name);
        assert_eq!(home.names(), [name]);
    }
    std::thread::sleep(SETTLED * 2);
    assert_eq!(home.names(), ["n19"]);
    home.skill(".agents/skills/a", "new");
    assert_eq!(home.names(), ["new"]);
    std::fs::remove_dir_all(home.at(".agents/skills/a")).unwrap();
    assert!(home.list().is_empty());
}

#[test]
fn what_has_not_changed_is_not_read_again() {
    let home = Home::new();
    home.skill(".agents/skills/a", "a");
    std::thread::sleep(SETTLED * 2);
    assert_eq!(home.names(), ["a"]);
    let shelf = || Arc::clone(&home.skills.0.lock().unwrap());
    let location = home.at(".agents/skills/a/SKILL.md");
    let first = shelf()[&location].front.clone().unwrap();
    home.list();
    assert!(Arc::ptr_eq(
        &first,
        shelf()[&location].front.as_ref().unwrap()
    ));
}

#[test]
fn resources_are_the_files_beside_it_in_order() {
    let home = Home::new();
    let top = ".agents/skills/a";
    home.skill(top, "a");
    for file in [
        "B",
        "a",
        "z/1",
        "z-a",
        "z.txt",
        "d1/d2/d3/f",
        "d1/d2/d3/d4/deep",
        ".hidden",
        ".git/x",
        "nested/SKILL.md",
        "nested/skill.md",
    ] {
        home.put(&format!("{top}/{file}"), "");
    }
    symlink("z", home.at(".agents/skills/a/link")).unwrap();
    symlink("..", home.at(".agents/skills/a/up")).unwrap();
    symlink("nowhere", home.at(".agents/skills/a/dangling")).unwrap();
    nix::unistd::mkfifo(&home.at(".agents/skills/a/pipe"), Mode::S_IRWXU).unwrap();
    let found = home.read("a").unwrap().resources;
    let found: Vec<&str> = found.iter().map(|path| path.to_str().unwrap()).collect();
    assert_eq!(
        found,
        [
            "B",
            "a",
            "d1/d2/d3/f",
            "link/1",
            "nested/skill.md",
            "z/1",
            "z-a",
            "z.txt"
        ]
    );
    for n in 0..60 {
        home.put(&format!("{top}/many/{n:02}"), "");
    }
    assert_eq!(home.read("a").unwrap().resources.len(), 50);
}

#[test]
fn a_file_that_is_too_long_is_refused_with_words() {
    let home = Home::new();
    let mut text = b"---\nname: a\ndescription: d\n---\n".to_vec();
    text.resize(5 << 20, b'x');
    home.put(".agents/skills/a/SKILL.md", text);
    assert_eq!(home.names(), ["a"]);
    assert!(matches!(home.read("a"), Err(Error::TooLarge(_))));
}
