//! The texts for the model: `/system` and `/info`.

use crate::support::Server;

fn prompt(server: &Server) -> String {
    server.get("/system").expect(200).json()["prompt"]
        .as_str()
        .expect("a prompt is text")
        .to_owned()
}

#[test]
fn the_default_prompt_says_what_machine_it_is() {
    let server = Server::spawn();
    let text = prompt(&server);
    assert!(text.len() > 200, "{text}");
    let facts = server
        .run("uname -r; uname -m; hostname 2>/dev/null || uname -n")
        .output();
    for fact in facts.lines() {
        assert!(text.contains(fact), "{fact} is not in {text}");
    }
    assert!(text.contains("Linux") && text.contains("/bin/sh"), "{text}");
}

#[test]
fn the_templates_of_a_prompt_are_filled_in() {
    let template = "{{os}}|{{kernel}}|{{arch}}|{{hostname}}|{{user}}|{{shell}}|{{python_version}}|{{home}}|{{odd}}";
    let server = Server::builder()
        .env("OPEN_TERMINAL_SYSTEM_PROMPT", template)
        .start();
    let text = prompt(&server);
    let parts: Vec<&str> = text.split('|').collect();
    assert_eq!(parts[0], "Linux");
    assert_eq!(parts[7], server.home.path().display().to_string());
    assert!(
        parts[1..7]
            .iter()
            .all(|part| !part.is_empty() && !part.contains("{{")),
        "{text}"
    );
    assert_eq!(parts[8], "{{odd}}", "what is not known stays");
}

#[test]
fn info_is_there_when_it_is_set_and_in_the_prompt() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_INFO", "The red button is dangerous.")
        .start();
    assert!(
        server
            .get("/info")
            .expect(200)
            .text()
            .contains("The red button is dangerous.")
    );
    assert!(
        prompt(&server).ends_with("\n\nThe red button is dangerous."),
        "{}",
        prompt(&server)
    );
    let paths = server.get("/openapi.json").json()["paths"].clone();
    assert_eq!(paths["/info"]["get"]["operationId"], "get_info");
}

#[test]
fn without_info_there_is_none() {
    let server = Server::spawn();
    server.get("/info").expect(404);
    assert!(
        server.get("/openapi.json").json()["paths"]
            .get("/info")
            .is_none()
    );
}

#[test]
fn the_prompt_can_be_switched_off() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_ENABLE_SYSTEM_PROMPT", "no")
        .start();
    server.get("/system").expect(404);
    assert_eq!(
        server.get("/api/config").json()["features"]["system"],
        false
    );
}

#[test]
fn it_is_answered_in_milliseconds_from_the_second_time_on() {
    let server = Server::spawn();
    prompt(&server);
    let quickest = (0..5).map(|_| {
        let start = std::time::Instant::now();
        prompt(&server);
        start.elapsed()
    });
    assert!(quickest.min().expect("five tries").as_millis() < 50);
}
