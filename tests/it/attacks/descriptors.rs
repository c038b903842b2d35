//! What commands find open: nothing but their terminal.

use serde_json::json;

use crate::support::grounds::{Ground, Grounds};

/// Tells of every descriptor that is open when it starts.
const OPEN: &str = "
import os
for fd in range(1024):
    try:
        print('open', fd, os.readlink(f'/proc/self/fd/{fd}') if fd > 2 else '')
    except OSError:
        pass
";

/// Whether more than the terminal is open; the program itself is closed again by Python.
fn more(shown: &str) -> bool {
    assert!(shown.contains("open 0"), "{shown}");
    let number = |line: &str| {
        line.strip_prefix("open ")?
            .split(' ')
            .next()?
            .parse::<u32>()
            .ok()
    };
    let inherited = |line: &str| number(line).is_some_and(|fd| fd > 2) && !line.contains("/pyvenv");
    shown.lines().any(inherited)
}

/// Whether more is open on any ground.
fn any_more(grounds: &Grounds, look: &dyn Fn(&Ground) -> String) -> bool {
    let mut grounds = [grounds.accounts(), grounds.all()].into_iter();
    grounds.any(|ground| {
        ground.a().put("open.py", OPEN);
        more(&look(ground))
    })
}

#[test]
fn nothing_of_the_server_s_is_open_in_commands() {
    let Some(grounds) = Grounds::of("descriptors") else {
        return;
    };
    let planted = || {
        let a = grounds.all().a();
        a.put("open.py", OPEN);
        more(&a.run("exec 7<open.py; python3 open.py"))
    };
    let each = |look: &dyn Fn(&Ground) -> String| any_more(&grounds, look);
    grounds.theme.attempt("in a command", planted, || {
        each(&|ground| ground.a().run("python3 open.py"))
    });
    grounds
        .theme
        .attempt("in a command that is typed to", planted, || {
            each(&|ground| {
                let a = ground.a();
                let running = a.start("echo up; read line; python3 open.py; echo over", &[]);
                a.post(
                    &format!("/execute/{}/input", running.id),
                    &json!({"input": "\n"}),
                )
                .expect(200);
                a.get(&format!("/execute/{}/status?wait=10", running.id))
                    .expect(200);
                a.output(&running.id)
            })
        });
    grounds.theme.attempt("in a terminal", planted, || {
        each(&|ground| {
            let (id, mut client) = ground.a().terminal();
            let shown = client.run(&format!("python3 {}", ground.a().at("open.py")));
            ground
                .a()
                .ask("DELETE", &format!("/api/terminals/{id}"))
                .send();
            shown
        })
    });
    grounds.theme.attempt(
        "descriptors of the processes above a command",
        || {
            grounds
                .none()
                .a()
                .can("ls -l /proc/$PPID/fd /proc/$PPID/fd/0")
        },
        || {
            [grounds.accounts(), grounds.all()]
                .into_iter()
                .any(|ground| ground.a().can("ls -l /proc/$PPID/fd /proc/$PPID/fd/0"))
        },
    );
    grounds.end(4);
}
