// SPDX-License-Identifier: Apache-2.0

// A job type of Flamenco 3: estimate the normals of pictures that all machines see.
// Copy this file into the folder "scripts" beside flamenco-manager and restart the Manager;
// the type's name, "clone-normals", comes from the file's name.

const JOB_TYPE = {
    label: "CLONE Normals",
    description: "Estimate the normals of every picture in a folder; what is done is skipped",
    settings: [
        { key: "pictures", type: "string", subtype: "dir_path", required: true,
          description: "Folder with the pictures, on the shared storage" },
        { key: "results", type: "string", subtype: "dir_path", required: true,
          description: "Folder for the results, on the shared storage; not the one with the pictures" },
        { key: "shards", type: "int32", default: 4, propargs: { min: 1, max: 1000 }, visible: "submission",
          description: "Number of tasks that the pictures are shared out to" },
        { key: "steps", type: "int32", default: 0, propargs: { min: 0, max: 10000 },
          description: "Steps of the closed loop; 0 is feed-forward" },
        { key: "size", type: "int32", default: 256, propargs: { min: 16, max: 2048 },
          description: "Longest side of the grid of Gaussians, in pixels" },
        { key: "fov", type: "float", default: 0.0, propargs: { min: 0.0, max: 150.0 },
          description: "Horizontal field of view in degrees; 0 is orthographic" },
        { key: "light_from", type: "string", default: "above", choices: ["above", "left", "right", "below"],
          description: "Side of the pictures that their light comes from" },
        { key: "seamless", type: "bool", default: false,
          description: "The pictures tile, and so do the results" },
        { key: "python", type: "string", default: "{clone_normals_python}", visible: "submission",
          description: "Python that has the backend; a Manager variable can name one for each platform" },
    ]
};

function compileJob(job) {
    const settings = withDefaults(job.settings);
    const wrong = problem(settings);
    if (wrong) {
        throw wrong; // the Manager shows a string as it is
    }
    for (let shard = 1; shard <= settings.shards; shard++) {
        job.addTask(estimateTask(settings, shard));
    }
}

// A job that another program submits may leave out what has a default.
function withDefaults(given) {
    const settings = {};
    for (const setting of JOB_TYPE.settings) {
        const value = given[setting.key];
        settings[setting.key] = value === undefined || value === null ? setting.default : value;
    }
    return settings;
}

// Say in a sentence what cannot be done, or return undefined.
function problem(settings) {
    if (!settings.pictures || !settings.results) {
        return "Choose a folder with pictures and a folder for the results.";
    }
    if (trimmed(settings.pictures) === trimmed(settings.results)) {
        return "The results need a folder of their own: beside the pictures they would be taken for pictures.";
    }
    if (!(settings.shards >= 1 && settings.shards <= 1000) || settings.shards % 1 !== 0) {
        return "The number of shards must lie between 1 and 1000.";
    }
    return undefined;
}

function trimmed(folder) {
    return folder.replace(/[\/\\]+$/, "");
}

function estimateTask(settings, shard) {
    const task = author.Task(`estimate-${shard}-of-${settings.shards}`, "misc");
    task.addCommand(author.Command("exec", {
        exe: settings.python,
        // Strings all of them: a Worker writes a large number as 1e+06.
        args: [
            "-m", "backend.batch", settings.pictures, settings.results,
            "--steps", String(settings.steps),
            "--size", String(settings.size),
            "--fov", String(settings.fov),
            "--light-from", settings.light_from,
            settings.seamless ? "--seamless" : "--no-seamless",
            "--shard", `${shard}/${settings.shards}`,
        ],
    }));
    return task;
}
