//! Seating plan files of other people's editors.

use onsale_tests::server::Stack;
use serde_json::{Value, json};

use crate::support::{HALL, Sale, Site, Watcher, fixture, id, plan_file};

journeys!(a_plan_imported_at_the_terminal_is_sold, a_plan_is_shown_in_columns, a_bad_plan_is_refused_with_the_place);

async fn a_plan_imported_at_the_terminal_is_sold(stack: &mut Stack) {
    let told = stack.succeed(&["import-plan", fixture("arena.json").to_str().unwrap()]).await;
    let plan = imported(&told);
    assert_eq!(plan["seats"], 10, "{told}");

    let site = Site::open(stack).await;
    let journal = site.operator.get("/v1/operator-actions").await.ok(200);
    assert_eq!(journal["items"][0]["subject_id"], plan["seating_plan_id"]);
    assert!(journal["items"][0].get("operator_id").is_none(), "nobody was signed in");
    let sale = Sale::of(&site, &plan, json!({})).await;
    let mut watcher = Watcher::new(&site.visitor, &sale.performance).await;
    assert_eq!(watcher.free().len(), 10);
    let customer = site.visitor.sign_up_with(100_000).await;
    let reservation = customer.held(&sale.performance, &[9]).await;
    let paid = customer.pay(&reservation).await.ok(201);
    let seat = json!({"seat_no": 9, "zone": "Ring 1", "row": "2", "number": "5"});
    assert_eq!(paid["reservation"]["items"][0]["seat"], seat);
    watcher.until(&[9], false).await;
}

/// What the terminal says about a plan, as the API would.
fn imported(told: &str) -> Value {
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut lines = told.lines();
    let plan = words(lines.next().unwrap());
    let categories: Vec<Value> = lines.map(|line| json!({"category_id": words(line)[1]})).collect();
    let seats: u32 = plan[plan.len() - 2].parse().unwrap();
    json!({"seating_plan_id": plan[2], "seats": seats, "categories": categories})
}

async fn a_plan_is_shown_in_columns(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let created = site.operator.post("/v1/seating-plans", plan_file("arena.json")).await.ok(201);
    let answer = site.visitor.get(&format!("/v1/seating-plans/{}", id(&created, "seating_plan_id"))).await;
    assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
    let plan = answer.ok(200);
    assert_eq!(plan["zones"], json!(["Floor", "Ring 1"]));
    assert_eq!(plan["seats"]["guid"].as_array().unwrap().len(), 10);
    assert_eq!((&plan["seats"]["guid"][5], &plan["seats"]["number"][5]), (&json!("R-2-1"), &json!("1")));
    assert_eq!((&plan["seats"]["x"][1], &plan["seats"]["y"][1]), (&json!(37.5), &json!(20.0)));
    let areas = plan["areas"].as_array().unwrap();
    let outlines: Vec<&str> = areas.iter().map(|area| area["outline"]["type"].as_str().unwrap_or("none")).collect();
    assert_eq!(outlines, ["rectangle", "polygon", "circle", "ellipse", "none"]);
    assert_eq!((&areas[0]["text"], &areas[0]["x"]), (&json!("Stage"), &json!(300.0)));
    let path = format!("/v1/seating-plans/{}", id(&plan, "seating_plan_id"));
    assert_eq!(site.visitor.get_unless(&path, answer.header("etag")).await.status, 304);
}

async fn a_bad_plan_is_refused_with_the_place(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let cases: [(&str, Value, &str); 7] = [
        ("/zones/0/rows/1/seats/2/seat_guid", json!("S-A-1"), "zones[0].rows[1].seats[2].seat_guid"),
        ("/zones/0/rows/1/seats/2/seat_guid", json!(7), "zones[0].rows[1].seats[2].seat_guid"),
        ("/zones/0/rows/1/seats/2/category", json!("Box"), "zones[0].rows[1].seats[2].category"),
        ("/categories/1/name", json!("Stalls"), "categories[1].name"),
        ("/name", json!(""), "name"),
        ("/zones", json!([]), "zones"),
        ("/editor", nested(100), "editor"),
    ];
    for (pointer, value, place) in cases {
        let mut plan = plan_file(HALL);
        *plan.pointer_mut(pointer).unwrap() = value;
        let refused = site.operator.post("/v1/seating-plans", plan.clone()).await;
        assert_eq!(refused.status, 422, "{place}: {}", refused.text);
        let problem = refused.refused("invalid_seating_plan");
        assert!(problem["place"].as_str().unwrap().starts_with(place), "{problem}");
        let file = stack.write("bad.json", &plan.to_string());
        let complaint = stack.fail(&["import-plan", file.to_str().unwrap()]).await;
        let expected = format!("{}: {}", problem["place"].as_str().unwrap(), problem["reason"].as_str().unwrap());
        assert!(complaint.contains(&expected), "{complaint}");
    }
    let broken = stack.write("broken.json", "{\"name\": \n oops");
    let complaint = stack.fail(&["import-plan", broken.to_str().unwrap()]).await;
    assert!(complaint.contains("broken.json") && complaint.contains("line 2"), "{complaint}");
    assert!(stack.fail(&["import-plan", "missing.json"]).await.contains("missing.json"));
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(Value::Null, |inner, _| json!([inner]))
}
