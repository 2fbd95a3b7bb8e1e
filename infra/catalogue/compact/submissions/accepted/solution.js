var pushLeft = function (shelf) {
    let free = 0;
    for (let place = 0; place < shelf.length; place++) {
        if (shelf[place]) [shelf[free++], shelf[place]] = [shelf[place], shelf[free]];
    }
};
